import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Customer } from '#libs/contracts/session.ts';
import { eventually } from '#libs/testing/index.ts';
import { openMesh, type Clients, type TestMesh } from '../fixtures/mesh.ts';
import { about, firstPage, refusal, startNoop } from '../fixtures/requests.ts';

const customer = (customerId: string, more: Partial<Customer> = {}): Customer => ({
  customerId,
  displayName: '',
  plan: undefined,
  createTime: undefined,
  updateTime: undefined,
  ...more,
});

describe('CustomerService', function () {
  this.timeout(30_000);
  let mesh: TestMesh;
  let operator: Clients;
  before(async () => {
    mesh = await openMesh({ env: { MUSTER_PLAN_USERS: '20' } });
    await mesh.start();
    operator = await mesh.as('operator', 'olga');
  });
  after(() => mesh[Symbol.asyncDispose]());

  const put = (of: Customer, updateMask?: string[]) =>
    operator.customers.putCustomer({ customer: of, updateMask });
  const get = async (customerId: string): Promise<Customer | undefined> =>
    (await operator.customers.getCustomer({ customerId })).customer;

  it('creates a customer, also without a plan, and answers it', async () => {
    const { customer: made } = await put(customer('acme', { displayName: 'Acme & Söhne' }));
    expect(made).to.deep.include({
      customerId: 'acme',
      displayName: 'Acme & Söhne',
      plan: { runningWorkloads: 0, users: 0, weight: 0, parkedWorkloads: 0 },
    });
    expect(made?.createTime).to.be.instanceOf(Date);
    expect(await get('acme')).to.deep.equal(made);
  });

  it('changes the fields of the mask, or all without a mask', async () => {
    const plan = { runningWorkloads: 2, users: 3, weight: 4, parkedWorkloads: 5 };
    await put(customer('masked', { displayName: 'old', plan }));
    const other = customer('masked', {
      displayName: 'new',
      plan: { runningWorkloads: 7, users: 8, weight: 9, parkedWorkloads: 10 },
    });
    await put(other, ['plan.users']);
    expect(await get('masked')).to.deep.include({
      displayName: 'old',
      plan: { ...plan, users: 8 },
    });
    await put(other, ['plan']);
    expect(await get('masked')).to.deep.include({ displayName: 'old', plan: other.plan });
    await put(customer('masked'));
    expect(await get('masked')).to.deep.include({
      displayName: '',
      plan: { runningWorkloads: 0, users: 0, weight: 0, parkedWorkloads: 0 },
    });
  });

  it('names all wrong fields at once', async () => {
    const plan = {
      runningWorkloads: 1_001,
      users: 100_001,
      weight: 1_001,
      parkedWorkloads: 100_001,
    };
    const wrong = customer('No Id', { displayName: 'x'.repeat(201), plan });
    expect(await refusal(put(wrong, ['plan.colour']))).to.equal(
      'INVALID_FIELDS customer.customer_id customer.display_name customer.plan.running_workloads customer.plan.users ' +
        'customer.plan.weight customer.plan.parked_workloads update_mask',
    );
    expect(
      await refusal(operator.customers.putCustomer({ customer: undefined, updateMask: undefined })),
    ).to.equal('INVALID_FIELDS customer.customer_id');
  });

  it('does not know a customer that was never put', async () => {
    expect(await refusal(get('nobody'))).to.equal('CUSTOMER_NOT_FOUND');
    expect(await refusal(get(''))).to.equal('INVALID_FIELDS customer_id');
  });

  it('lists by id, page by page', async () => {
    for (const id of ['z-3', 'z-1', 'z-2']) {
      await put(customer(id));
    }
    const ids: string[] = [];
    let pageToken = '';
    do {
      const page = await operator.customers.listCustomers({ ...firstPage, pageSize: 2, pageToken });
      ids.push(...page.customers.map(({ customerId }) => customerId));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(ids).to.deep.equal(ids.toSorted());
    expect(ids).to.include.members(['z-1', 'z-2', 'z-3']);
  });

  it('applies a new plan to running workloads within two seconds, and lets them go on', async () => {
    const someone = await mesh.as('customer', 'grown');
    const id = await startNoop(someone, { tasks: 1_000 }, { wantedUsers: 50 });
    await eventually(() =>
      expect(mesh.users.demands.get(id)).to.include({ wanted: 20, weight: 1 }),
    );
    await put(customer('grown', { plan: { runningWorkloads: 0, users: 40, weight: 5 } }));
    expect(await someone.workloads.getUserCount(about(id))).to.include({
      wanted: 50,
      effective: 40,
    });
    await eventually(
      () => expect(mesh.users.demands.get(id)).to.include({ wanted: 40, weight: 5 }),
      {
        withinMs: 3_500,
      },
    );
  });
});
