/**
 * A ParaView server list with this server in it. "Fetch Servers" and `--servers-file` load it. ParaView shows the connect id
 * in a dialog before it connects, and takes it from there. Unless `save` is false, it would take an older one from its
 * settings.
 */
export const pvscOf = (
  name: string,
  url: string,
  connectId: number | undefined,
): string => `<Servers>
  <Server name="${escapeXml(name)}" resource="${escapeXml(url)}">
    ${connectId === undefined ? '<ManualStartup/>' : startupWith(connectId)}
  </Server>
</Servers>
`;

const startupWith = (connectId: number): string => `<ManualStartup>
      <Options>
        <Option name="PV_CONNECT_ID" label="Secret (connect id)" readonly="true" save="false">
          <String default="${connectId}"/>
        </Option>
      </Options>
    </ManualStartup>`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

const escapeXml = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (char) => ENTITIES[char] ?? '');
