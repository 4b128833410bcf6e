// At the edge of CloudFront: sends /hits/NAME on to the counter that `.env` names, and lets all else through.
import { readFileSync } from "node:fs";

const lines = readFileSync(new URL(".env", import.meta.url), "utf8").split("\n");
const entries = lines.filter((line) => line.includes("=") && !line.startsWith("#"));
const env = Object.fromEntries(entries.map((line) => line.split(/=(.*)/, 2)));

export async function handler(event) {
  const { request } = event.Records[0].cf;
  const name = /^\/hits\/([^/]+)$/.exec(request.uri)?.[1];
  if (!name) return request;
  const location = [{ key: "Location", value: env.counter.replace("{name}", () => name) }];
  return { status: "307", statusDescription: "Temporary Redirect", headers: { location } };
}
