import { BlockList, isIP } from 'node:net';

/** Reads networks in CIDR notation, or single addresses. Throws SyntaxError that names the first wrong one. */
export const parseNetworks = (texts: readonly string[]): BlockList => {
  const networks = new BlockList();
  for (const text of texts) {
    const [address = '', prefix] = text.split('/');
    const version = isIP(address);
    const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix);
    const isPrefix = prefix === undefined || /^\d{1,3}$/.test(prefix);
    if (version === 0 || !isPrefix || bits > (version === 4 ? 32 : 128)) {
      throw new SyntaxError(`${text} is no network; write it as 10.0.0.0/8 or fd00::/8`);
    }
    networks.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return networks;
};

/** Whether an address is in one of the networks. An IPv4 address that is written as IPv6 counts as IPv4. */
export const isWithin = (address: string, networks: BlockList): boolean =>
  networks.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
