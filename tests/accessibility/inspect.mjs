// Opens pages in a real browser, as a reader does, and says what axe-core finds wrong and what the pages ask the network for.
// Usage: node inspect.mjs BROWSER PAGE...; one JSON document for each page, on a line of its own; PAGE.pdf is its print.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [browserPath, ...pages] = process.argv.slice(2);
const SCHEMES = ["light", "dark"];

async function opened(browser, address, script) {
  const tab = await browser.newPage();
  const requests = [];
  const complaints = [];
  tab.on("request", (request) => requests.push(request.url()));
  tab.on("console", (message) => complaints.push(message.text()));
  tab.on("pageerror", (error) => complaints.push(String(error)));
  await tab.setJavaScriptEnabled(script);
  await tab.goto(address, { waitUntil: "networkidle0" });
  return { tab, requests, complaints };
}

async function violations(tab, scheme) {
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  const { violations } = await tab.evaluate(() => window.axe.run(document));
  return violations.map(({ id, help, nodes }) => ({
    scheme, id, help, count: nodes.length, first: nodes[0].html.slice(0, 200), why: nodes[0].failureSummary,
  }));
}

async function inspect(browser, path) {
  const address = pathToFileURL(path).href;
  const quiet = await opened(browser, address, false);
  const { tab, requests, complaints } = await opened(browser, address, true);
  const text = await tab.evaluate(() => document.body.innerText);
  await tab.pdf({ path: `${path}.pdf`, format: "A4" });
  await tab.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
  await tab.evaluate(axe); // by the debugger's way in, which the page's own policy does not rule
  const found = [];
  for (const scheme of SCHEMES) found.push(...(await violations(tab, scheme)));
  const narrow = await (async () => {
    await tab.setViewport({ width: 360, height: 740 });
    return tab.evaluate(() => document.documentElement.scrollWidth);
  })();
  await tab.close();
  await quiet.tab.close();
  return {
    violations: found, text, narrow, complaints: [...complaints, ...quiet.complaints],
    requests: [...requests, ...quiet.requests].filter((url) => url !== address),
  };
}

const browser = await puppeteer.launch({
  executablePath: browserPath, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
try {
  for (const path of pages) console.log(JSON.stringify(await inspect(browser, path)));
} finally {
  await browser.close();
}
