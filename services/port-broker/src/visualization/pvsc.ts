/** A ParaView list of servers with this one in it, to be loaded by "Fetch Servers" or `LoadServers`. */
export const pvscOf = (name: string, connectionString: string): string => `<Servers>
  <Server name="${escapeXml(name)}" resource="${escapeXml(connectionString)}">
    <ManualStartup/>
  </Server>
</Servers>
`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

const escapeXml = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (char) => ENTITIES[char] ?? '');
