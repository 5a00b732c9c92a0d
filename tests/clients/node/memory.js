// Where Amplify keeps its tokens in these scripts: Node has no storage of a browser.
import { cognitoUserPoolsTokenProvider } from 'aws-amplify/auth/cognito';

/** To be called after `Amplify.configure`, which chooses a storage itself. Gives back what is kept. */
export function keepInMemory() {
  const stored = new Map();
  cognitoUserPoolsTokenProvider.setKeyValueStorage({
    getItem: async (key) => stored.get(key) ?? null,
    setItem: async (key, value) => void stored.set(key, value),
    removeItem: async (key) => void stored.delete(key),
    clear: async () => stored.clear(),
  });
  return stored;
}
