// Validates files against detached manifests by c2pa-ts, an implementation of C2PA that shares no code with Assaymark's libraries.
// Standard input: one JSON document a line, {"file": base64, "sidecar": base64}. Standard output: one a line,
// {"valid": boolean, "codes": [failures], "manifests": number} or {"valid": false, "error": text}.
import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";
import { SuperBox } from "@trustnxt/c2pa-ts/jumbf";
import { ManifestStore } from "@trustnxt/c2pa-ts/manifest";

globalThis.crypto ??= webcrypto; // Node 18 has it under another name only

/** A file of any type whose manifest lies beside it: nothing of its bytes is left out of the hash. */
class PlainFile {
  mimeType = "application/octet-stream";
  constructor(data) {
    this.data = data;
  }
  getDataLength() {
    return this.data.length;
  }
  async getDataRange(start = 0, length = this.data.length - start) {
    return this.data.subarray(start, start + length);
  }
  getManifestJUMBF() {
    return undefined;
  }
  getHashExclusionRange() {
    return { start: 0, length: 0 };
  }
  dumpInfo() {
    return "";
  }
}

async function validate({ file, sidecar }) {
  try {
    const store = ManifestStore.read(SuperBox.fromBuffer(Buffer.from(sidecar, "base64")));
    const result = await store.validate(new PlainFile(Buffer.from(file, "base64")));
    const codes = result.statusEntries.filter((entry) => !entry.success).map((entry) => entry.code);
    return { valid: result.isValid, codes, manifests: store.manifests.length };
  } catch (error) {
    return { valid: false, error: String(error).slice(0, 200) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await validate(JSON.parse(line))) + "\n");
}
