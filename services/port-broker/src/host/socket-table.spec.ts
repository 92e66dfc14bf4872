import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { eventually, freePort } from '#libs/testing/index.ts';
import { closed, listen, portOf } from '../fixtures/broker.ts';
import { isListening, isTaking, socketRows } from './socket-rows.ts';
import { createSocketTable } from './socket-table.ts';

describe('the socket table', function () {
  // The table of a busy machine is long.
  this.timeout(60_000);
  it('counts every row but those in TIME_WAIT', () => {
    const rows = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:2B67 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0',
      '   1: 0100007F:2B68 0100007F:9C40 06 00000000:00000000 00:00000000 00000000     0        0 0 3 0',
      '   2: 0100007F:2B69 0100007F:9C41 08 00000000:00000000 00:00000000 00000000     0        0 2 1 0',
      '   3: 00000000000000000000000001000000:2B6A 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 3 1',
      'rubbish',
      '',
    ];
    const read = socketRows(rows.join('\n'));
    expect(read.filter(isTaking).map(({ port }) => port)).to.deep.equal([0x2b67, 0x2b69, 0x2b6a]);
    expect(read.filter(isListening).map(({ inode }) => inode)).to.deep.equal([1, 3]);
  });

  it('sees a listener, and one whose connection outlives it', async () => {
    const table = createSocketTable();
    const port = await freePort();
    expect(table.read()?.(port)).to.equal(false);
    const server = await listen(port);
    expect(table.read()?.(port)).to.equal(true);
    const client = connect({ port, host: '127.0.0.1' });
    const [held] = (await once(server, 'connection')) as [import('node:net').Socket];
    const end = closed(server);
    expect(table.read()?.(port)).to.equal(true);
    // The side that ends first keeps the port in TIME_WAIT, which is no matter.
    held.end();
    client.end();
    await end;
    await eventually(() => expect(table.read()?.(port)).to.equal(false), { withinMs: 20_000 });
  });

  it('says nothing where it cannot be read', () => {
    const count = { file: '/nowhere', line: 'TCP: inuse' };
    expect(createSocketTable({ files: [{ table: '/proc/self/mem', count }] }).read()).to.equal(
      undefined,
    );
    expect(createSocketTable({ files: [{ table: '/nowhere', count }] }).read()).to.equal(undefined);
  });

  it('sees the last of many listeners at once, and none that is gone', async () => {
    const table = createSocketTable();
    const servers = await Promise.all(
      Array.from({ length: 60 }, async () => listen(await freePort())),
    );
    for (const server of servers) {
      expect(table.read()?.(portOf(server))).to.equal(true);
    }
    const ports = servers.map(portOf);
    await Promise.all(servers.map(closed));
    for (const port of ports) {
      expect(table.read()?.(port)).to.equal(false);
    }
  });
});
