import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sequelize } from 'sequelize';

/** A SQLite file in a temporary folder, for the examples. A service has its database already. */
export class TemporaryDatabase implements AsyncDisposable {
  readonly #connections: Sequelize[] = [];

  private constructor(readonly folder: string) {}

  static async create(): Promise<TemporaryDatabase> {
    return new TemporaryDatabase(await mkdtemp(join(tmpdir(), 'locks-example-')));
  }

  get file(): string {
    return join(this.folder, 'example.db');
  }

  /** A Sequelize of its own, as every replica of a service has one. */
  connect(): Sequelize {
    const sequelize = new Sequelize({ dialect: 'sqlite', storage: this.file, logging: false });
    this.#connections.push(sequelize);
    return sequelize;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#connections.map((sequelize) => sequelize.close()));
    await rm(this.folder, { recursive: true, force: true });
  }
}
