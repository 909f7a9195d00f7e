// Starts `sluice lsp` and connects the editor with it.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
  const settings = workspace.getConfiguration("sluice");
  const rules = settings.get("rules", []);
  client = new LanguageClient(
    "sluice",
    "Sluice rules",
    { command: settings.get("path", "sluice"), args: ["lsp"] },
    {
      documentSelector: [{ language: "sluice-rules" }],
      // Rules and tables that another program writes count too.
      synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.{rules,csv,json}") },
      initializationOptions: rules.length > 0 ? { rules } : {},
    });
  return client.start();
}

function deactivate() {
  return client ? client.stop() : undefined;
}

module.exports = { activate, deactivate };
