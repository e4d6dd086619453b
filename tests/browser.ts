/**
 * A headless Chromium, for what people open in a browser.
 * https://chromedevtools.github.io/devtools-protocol/
 *
 * @module
 */

import { isInstalled, until } from "./helpers.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const found = await Promise.all(
  NAMES.map((name) => isInstalled(name, "--version")),
);

/** What Chromium is called here, if it is there. */
export const CHROMIUM = NAMES[found.indexOf(true)];

/** What the browser tells, or answers to what it was asked. */
interface Told {
  id?: number;
  method?: string;
  // deno-lint-ignore no-explicit-any
  params?: any;
  // deno-lint-ignore no-explicit-any
  result?: any;
}

/** One page in a browser of its own, which ends with it. */
export class Page {
  /** What the browser told unasked. */
  #told: Told[] = [];
  #asked = 0;
  #answers = new Map<number, (told: Told) => void>();

  private constructor(
    readonly process: Deno.ChildProcess,
    readonly profile: string,
    readonly socket: WebSocket,
  ) {
    socket.onmessage = ({ data }) => {
      const told: Told = JSON.parse(data);
      if (told.id) this.#answers.get(told.id)?.(told);
      else this.#told.push(told);
    };
  }

  static async open(): Promise<Page> {
    const profile = await Deno.makeTempDir();
    const process = new Deno.Command(CHROMIUM!, {
      args: [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
        ...["--disable-dev-shm-usage", "--disable-background-networking"],
        ...["--remote-debugging-port=0", `--user-data-dir=${profile}`],
        "about:blank",
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const file = `${profile}/DevToolsActivePort`;
    const told = () => Deno.readTextFile(file).catch(() => "");
    await until(async () => (await told()).includes("\n"), "Chromium listens");
    const [port] = (await told()).split("\n");
    const pages = await fetch(`http://127.0.0.1:${port}/json/list`);
    const [{ webSocketDebuggerUrl }] = await pages.json();
    const socket = new WebSocket(webSocketDebuggerUrl);
    await new Promise((resolve) => socket.onopen = resolve);
    const page = new Page(process, profile, socket);
    for (const what of ["Page", "Runtime", "Log", "Network"]) {
      await page.ask(`${what}.enable`);
    }
    return page;
  }

  async ask(method: string, params = {}) {
    const id = ++this.#asked;
    const answer = new Promise<Told>((resolve) =>
      this.#answers.set(id, resolve)
    );
    this.socket.send(JSON.stringify({ id, method, params }));
    return (await answer).result;
  }

  /** Shows a file, until all of it is there. */
  async show(file: string) {
    this.#told = [];
    await this.ask("Page.navigate", { url: `file://${file}` });
    const loaded = () => this.heard("Page.loadEventFired").length > 0;
    await until(loaded, "the page is there");
  }

  /** What it told of since, such as requests or errors. */
  heard(what: string) {
    return this.#told.filter(({ method }) => method === what)
      .map(({ params }) => params);
  }

  /** How wide the window is, and in which colours. */
  async look(width: number, scheme: "light" | "dark") {
    const size = { width, height: 800, deviceScaleFactor: 1, mobile: false };
    await this.ask("Emulation.setDeviceMetricsOverride", size);
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.ask("Emulation.setEmulatedMedia", { features });
  }

  /** What an expression is in the page. */
  async value(expression: string) {
    const asked = { expression, returnByValue: true };
    return (await this.ask("Runtime.evaluate", asked)).result.value;
  }

  async close() {
    this.socket.close();
    this.process.kill();
    await this.process.status;
    await Deno.remove(this.profile, { recursive: true });
  }
}
