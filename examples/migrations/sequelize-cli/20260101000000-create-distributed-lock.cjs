'use strict';

const { LockRegistry } = require('sequelize-distributed-lock');

const table = 'distributed_lock';

/** @type {import('sequelize-cli').Migration} */
module.exports = {
  async up({ sequelize }) {
    await sequelize.query(new LockRegistry(sequelize, { table }).createTableSql());
  },

  // Nothing may hold a lock any more. Fencing tokens go on growing in a table made anew, as long as the database's clock was not set back.
  async down(queryInterface) {
    await queryInterface.dropTable(table);
  },
};
