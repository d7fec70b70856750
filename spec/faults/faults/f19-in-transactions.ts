import { ofKind } from '../history/event.js';
import { ALL, type Fault } from '../support/fault.js';

/** Everything is called inside transactions of the application's, which every query of its context joins, and which roll back. */
export const fault: Fault = {
  id: 'F19',
  title: "inside the caller's transaction, with CLS",
  databases: ['postgres', 'sqlite', 'mariadb', 'mysql'],
  criteria: ALL,
  smoke: true,
  workload: 'inTransactions',

  async inject(world) {
    world.fault('transactions that roll back');
    await world.grants(20);
  },

  judge: (history) =>
    ofKind(history, 'row').length > 10 ? [] : [{ criterion: 'F19', text: 'hardly a row was looked at: it proves nothing' }],
};
