// A provider on loopback: `node provider.mjs '{"port": …, "keys": […], "redirect": …}'`. Whoever signs in is believed.
import Provider from "oidc-provider";

const { port, keys, redirect } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  jwks: { keys },
  clients: [
    { client_id: "web", client_secret: "web-secret", grant_types: ["authorization_code"], redirect_uris: [redirect] },
    {
      client_id: "robot", client_secret: "robot-secret", grant_types: ["client_credentials"], redirect_uris: [],
      response_types: [],
    },
  ],
  claims: { openid: ["sub", "roles"], profile: ["name"] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  cookies: { keys: ["for the tests alone"] },
  ttl: { ClientCredentials: 600, AccessToken: 600, IdToken: 600, Grant: 600, Interaction: 600, Session: 600 },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, roles: ["podium-ops", "admin", "editors"] }) }),
  extraTokenClaims: () => ({ roles: ["podium-ops"] }),
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx) => (ctx.oidc.client?.clientId === "robot" ? "urn:podium" : undefined),
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        scope: "", audience: resource.replace("urn:", ""), accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
});
provider.listen(port, "127.0.0.1", () => console.log("ready"));
