// AWS Lambda behind a function URL: bundle it by `esbuild lambda.mjs --bundle --platform=node --format=cjs`.
import { handler as web } from "./web.mjs";

const handle = web({
  secret: process.env.WEBHOOK_SECRET,
  accessToken: process.env.GENESYS_CLOUD_ACCESS_TOKEN,
  baseUrl: process.env.GENESYS_CLOUD_BASE_URL,
  api: "calls",
});

export async function handler({ headers, body = "", isBase64Encoded }) {
  const text = isBase64Encoded ? Buffer.from(body, "base64").toString("utf8") : body;
  const response = await handle(new Request("https://lambda.invalid/", { method: "POST", headers, body: text }));
  return { statusCode: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}
