// A tour of the interface with the generated types: record a need, match it, meet a problem, delete.
import type { components, operations } from "./schema.js";

type Schemas = components["schemas"];
type Created = operations["create_need"]["responses"][201]["content"]["application/json"];
type Matched = operations["create_match"]["responses"][200]["content"]["application/json"];
type Refused = operations["get_need"]["responses"][410]["content"]["application/problem+json"];

declare const process: { argv: string[] };
const [address, key] = process.argv.slice(2) as [string, string];

async function call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(address + path, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  return (await response.json()) as Answer;
}

function hold(holds: boolean, answer: unknown): void {
  if (!holds) throw new Error(JSON.stringify(answer));
}

const text = "燃气泄漏检测仪零点漂移，希望不用标准气也能自动校准";
const input: Partial<Schemas["NeedInput"]> = { title: "求燃气检测仪自动校准（生成的类型）", text };
const need = await call<Created>("POST", "/api/v1/needs", input);
hold(need.id > 0 && need.title === input.title && need.status === "open", need);

const request: Partial<Schemas["MatchRequest"]> = { text, top_k: 2 };
const found = await call<Matched>("POST", "/api/v1/matches", request);
hold(found.items.length === 2 && found.items[0]!.score >= found.items[1]!.score, found);

await call<unknown>("DELETE", `/api/v1/needs/${need.id}?reason=${encodeURIComponent("试验")}`);
const gone = await call<Refused>("GET", `/api/v1/needs/${need.id}`);
hold(gone.type === "/problems/gone" && gone.deletion_id != null, gone);
console.log(found.items[0]!.patent.title);
