import { GaleraCluster } from '../../support/galera-cluster.js';
import { MariadbServer } from '../../support/mariadb-server.js';
import { PgServer } from '../../support/pg-server.js';
import { Compiled } from '../../support/compiled.js';

/** What all trials of a run share: one server of their own, started when it is needed, and the compiled worker. */
export class Grounds {
  readonly #compiled = new Compiled();
  #worker: URL | undefined;
  #server: Promise<PgServer> | undefined;
  #mariadb: Promise<MariadbServer> | undefined;
  #galera: Promise<GaleraCluster> | undefined;

  /** A server that may be killed and stopped: nobody else uses it. */
  server(): Promise<PgServer> {
    return (this.#server ??= PgServer.create());
  }

  /** The same, where MariaDB is installed. */
  mariadb(): Promise<MariadbServer> {
    return (this.#mariadb ??= MariadbServer.create());
  }

  /** Three nodes, where Galera is installed. Whoever breaks it has it whole again in the end. */
  galera(): Promise<GaleraCluster> {
    return (this.#galera ??= GaleraCluster.start());
  }

  worker(): URL {
    return (this.#worker ??= this.#compiled.program(new URL('../worker.ts', import.meta.url)));
  }

  async close(): Promise<void> {
    await (await this.#server)?.remove();
    await (await this.#mariadb?.catch(() => undefined))?.remove();
    await (await this.#galera?.catch(() => undefined))?.remove();
    this.#compiled.remove();
  }
}
