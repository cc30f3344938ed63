// The user who is signed in, and what that user may do.

const ANSWER_MS = 10_000;
export const DISCONNECT = "conversation:communication:disconnect";
export const VIEW = "conversation:communication:view";

/** @param {string} apiUrl @param {import("./sign-in.js").SignIn} signIn */
export async function userOf(apiUrl, signIn) {
  const headers = { Authorization: `Bearer ${signIn.accessToken()}` };
  const signal = AbortSignal.timeout(ANSWER_MS);
  const response = await fetch(`${apiUrl}/api/v2/users/me?expand=authorization`, { headers, signal });
  if (response.status === 401) signIn.accessToken({ refresh: true });
  if (!response.ok) throw Object.assign(new Error(`users/me answered ${response.status}`), { status: response.status });
  const { id, name, authorization } = await response.json();
  return { id, name, permissions: authorization?.permissions ?? [] };
}

/**
 * Whether a permission is among those of a user; `*` stands for any part. Where none are listed, nobody knows.
 * @param {string[]} all
 * @param {string} wanted
 */
export function isPermitted(all, wanted) {
  const parts = wanted.split(":");
  const covers = (/** @type {string} */ one) =>
    one.split(":").every((part, index) => part === "*" || part === parts[index]);
  return all.length === 0 || all.some(covers);
}
