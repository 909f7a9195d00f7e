// Talks to `sluice lsp`: starts it, and exchanges messages of the Language Server Protocol with it.
"use strict";

const { spawn } = require("child_process");

const BODY_BYTES_MAX = 64 * 1024 * 1024;

class Connection {
  /**
   * handlers: notification(method, params), log(text), ended(reason), each called from the event loop.
   */
  constructor(command, args, folder, handlers) {
    this.handlers = handlers;
    this.number = 0;
    this.waiting = new Map();
    this.received = Buffer.alloc(0);
    this.isOpen = true;
    this.process = spawn(command, args, { cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
    this.process.on("error", (error) => this.close(`${command} can't be started: ${error.message}`));
    this.process.on("exit", (code, signal) => this.close(`${command} ended with ${signal || code}`));
    this.process.stdin.on("error", () => {});
    this.process.stdout.on("data", (bytes) => this.take(bytes));
    this.process.stderr.on("data", (bytes) => handlers.log(bytes.toString().trimEnd()));
  }

  notify(method, params) {
    this.write({ jsonrpc: "2.0", method, params });
  }

  /** Null when the server answers with an error or ends. */
  request(method, params) {
    if (!this.isOpen) return Promise.resolve(null);
    const id = ++this.number;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.write({ jsonrpc: "2.0", id, method, params });
    });
  }

  /** Ends the server in order; kills it when it does not. */
  async stop() {
    if (!this.isOpen) return;
    this.handlers.ended = () => {};
    const killer = setTimeout(() => this.process.kill(), 2000);
    const exited = new Promise((resolve) => this.process.on("exit", resolve));
    await this.request("shutdown", null);
    this.notify("exit", null);
    await exited;
    clearTimeout(killer);
  }

  write(message) {
    if (!this.isOpen) return;
    const body = Buffer.from(JSON.stringify(message));
    this.process.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.process.stdin.write(body);
  }

  take(bytes) {
    this.received = Buffer.concat([this.received, bytes]);
    while (this.isOpen) {
      const end = this.received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const header = /content-length: *(\d+)/i.exec(this.received.toString("latin1", 0, end));
      const length = header ? Number(header[1]) : NaN;
      if (!(length <= BODY_BYTES_MAX)) {
        this.process.kill();
        return;
      }
      if (this.received.length < end + 4 + length) return;
      const body = this.received.toString("utf8", end + 4, end + 4 + length);
      this.received = this.received.subarray(end + 4 + length);
      this.dispatch(JSON.parse(body));
    }
  }

  dispatch(message) {
    if (message.method) {
      this.handlers.notification(message.method, message.params);
      return;
    }
    const resolve = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.error) this.handlers.log(message.error.message);
    if (resolve) resolve(message.error ? null : message.result);
  }

  close(reason) {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const resolve of this.waiting.values()) resolve(null);
    this.waiting.clear();
    this.handlers.ended(reason);
  }
}

module.exports = { Connection };
