/**
 * A proxy before a server, which loses connections in every way that networks
 * do: by a reset, by an end, by silence, and at a COMMIT.
 *
 * @module
 */

import net from "node:net";

/** When a cut comes: before the server has the COMMIT, or before its answer. */
export type Cut = "before" | "after";

/** How a connection is lost. */
export type Loss = "reset" | "end" | "stall";

interface Pair {
  client: net.Socket;
  server: net.Socket;
  stalled: boolean;
}

export interface Proxy {
  port: number;
  /** How many connections it has. */
  count(): number;
  /** Loses every connection; a stall takes those to come, too, if `more`. */
  lose(how: Loss, more?: boolean): void;
  /** Loses a connection that says COMMIT, after so many that have said it. */
  cutAtCommit(cut: Cut, how?: Loss, after?: number): Promise<void>;
  /** Lets new connections through again. */
  mend(): void;
  stop(): Promise<void>;
}

/** Starts a proxy before a port of this machine. */
export async function startProxy(behind: number): Promise<Proxy> {
  const pairs = new Set<Pair>();
  let stallsNew = false;
  let waiting:
    | { cut: Cut; how: Loss; left: number; done: () => void }
    | undefined;

  function lose(pair: Pair, how: Loss) {
    if (how === "stall") {
      pair.stalled = true;
      return;
    }
    pairs.delete(pair);
    if (how === "reset") {
      pair.client.resetAndDestroy();
      pair.server.resetAndDestroy();
    } else {
      pair.client.end();
      pair.server.end();
    }
  }

  const listener = net.createServer((client) => {
    const server = net.connect(behind, "127.0.0.1");
    const pair: Pair = { client, server, stalled: stallsNew };
    pairs.add(pair);
    let ends: { how: Loss; done: () => void } | undefined;
    client.on("data", (bytes: Uint8Array) => {
      if (pair.stalled) return;
      if (waiting && isCommit(bytes) && waiting.left-- === 0) {
        const { cut, how, done } = waiting;
        waiting = undefined;
        if (cut === "before") {
          lose(pair, how);
          return done();
        }
        ends = { how, done };
      }
      server.write(bytes);
    });
    server.on("data", (bytes: Uint8Array) => {
      if (ends) {
        lose(pair, ends.how);
        ends.done();
        ends = undefined;
      } else if (!pair.stalled) client.write(bytes);
    });
    const over = (other: net.Socket) => () => {
      pairs.delete(pair);
      if (!pair.stalled) other.end();
    };
    client.on("close", () => server.destroy()).on("error", () => {});
    server.on("end", over(client)).on("close", over(client));
    server.on("error", () => {});
  });
  await new Promise<void>((resolve) =>
    listener.listen(0, "127.0.0.1", () => resolve())
  );
  return {
    port: (listener.address() as net.AddressInfo).port,
    count: () => pairs.size,
    lose(how, more = false) {
      stallsNew = how === "stall" && more;
      for (const pair of [...pairs]) lose(pair, how);
    },
    cutAtCommit: (cut, how = "reset", left = 0) =>
      new Promise((done) => waiting = { cut, how, left, done }),
    mend() {
      stallsNew = false;
      waiting = undefined;
    },
    async stop() {
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** Whether it is a query that begins or ends with COMMIT. */
function isCommit(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes);
  return bytes[0] === "Q".charCodeAt(0) &&
    (/^Q[^]{4}COMMIT\b/.test(text) || /;\nCOMMIT\0$/.test(text));
}
