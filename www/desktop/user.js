// The user who is signed in, and what that user may do.

const ANSWER_MS = 10_000;
export const DISCONNECT = "conversation:communication:disconnect";

/**
 * @param {string} apiUrl
 * @param {(request: { refresh: boolean }) => string} accessToken
 * @param {AbortSignal} signal
 * @returns {Promise<{ id: string, name: string, permissions: string[] }>}
 */
export async function userOf(apiUrl, accessToken, signal, refresh = false) {
  const response = await fetch(`${apiUrl}/api/v2/users/me?expand=authorization`, {
    headers: { Authorization: `Bearer ${accessToken({ refresh })}` },
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
  });
  const { status } = response;
  if (status === 401 && !refresh) return userOf(apiUrl, accessToken, signal, true);
  if (!response.ok) throw Object.assign(new Error(`users/me answered ${status}`), { status });
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
