// The signed-in user and the user's permissions.

/** The deadline of the request. */
const REQUEST_MS = 10_000;
export const DISCONNECT = "conversation:communication:disconnect";

/**
 * Reads the signed-in user.
 * @param {string} apiUrl
 * @param {(request: { refresh: boolean }) => string} accessToken
 * @param {AbortSignal} signal
 * @returns {Promise<{ id: string, name: string, permissions: string[] }>}
 */
export async function userOf(apiUrl, accessToken, signal, refresh = false) {
  const response = await fetch(`${apiUrl}/api/v2/users/me?expand=authorization`, {
    headers: { Authorization: `Bearer ${accessToken({ refresh })}` },
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
  });
  const { status } = response;
  if (status === 401 && !refresh) return userOf(apiUrl, accessToken, signal, true);
  if (!response.ok) throw Object.assign(new Error(`users/me answered ${status}`), { status });
  const { id, name, authorization } = await response.json();
  return { id, name, permissions: authorization?.permissions ?? [] };
}

/**
 * Whether a user has a permission; `*` stands for any part. Without a list, the answer is yes.
 * @param {string[]} all
 * @param {string} wanted
 */
export function isPermitted(all, wanted) {
  const parts = wanted.split(":");
  const covers = (/** @type {string} */ one) =>
    one.split(":").every((part, index) => part === "*" || part === parts[index]);
  return all.length === 0 || all.some(covers);
}
