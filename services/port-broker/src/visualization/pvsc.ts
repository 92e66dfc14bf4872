/** A ParaView server list with this server in it. "Fetch Servers" and `LoadServers` load it. */
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
