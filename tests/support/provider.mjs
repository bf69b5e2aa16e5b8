// An OpenID provider, as far as this server asks one: its public keys over HTTPS, and tokens signed by them with Node's own
// cryptography. Told what to do by lines of JSON, each of which it answers by one.
//
//   node provider.mjs CERTIFICATE KEY [PORT]

import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import readline from 'node:readline';

const [certificate, key, port = '0'] = process.argv.slice(2);

const ALGORITHMS = {
  RS256: { make: ['rsa', { modulusLength: 2048 }], sign: (text, key) => crypto.sign('sha256', text, key) },
  PS256: {
    make: ['rsa', { modulusLength: 2048 }],
    sign: (text, key) =>
      crypto.sign('sha256', text, { key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  },
  ES256: {
    make: ['ec', { namedCurve: 'P-256' }],
    sign: (text, key) => crypto.sign('sha256', text, { key, dsaEncoding: 'ieee-p1363' }),
  },
  EdDSA: { make: ['ed25519', {}], sign: (text, key) => crypto.sign(null, text, key) },
};

// By name: how each signs, both halves, and what is published of it.
const keys = new Map();
let behaviour = 'right';
let asked = 0;

const published = () => [...keys.values()].map(({ jwk }) => jwk).filter((jwk) => jwk !== null);

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const commands = {
  // A new key, published with what else is to be said of it; null takes a member away.
  make({ name, algorithm, published = {} }) {
    const pair = crypto.generateKeyPairSync(...ALGORITHMS[algorithm].make);
    const jwk = { kid: name, alg: algorithm, use: 'sig', ...pair.publicKey.export({ format: 'jwk' }), ...published };
    for (const [member, value] of Object.entries(published)) if (value === null) delete jwk[member];
    keys.set(name, { algorithm, pair, jwk });
    return { pem: pair.publicKey.export({ type: 'spki', format: 'pem' }) };
  },
  withdraw({ name }) {
    keys.get(name).jwk = null;
    return {};
  },
  sign({ name, header = {}, claims }) {
    const { algorithm, pair } = keys.get(name);
    const text = `${encode({ typ: 'JWT', alg: algorithm, kid: name, ...header })}.${encode(claims)}`;
    return { token: `${text}.${ALGORITHMS[algorithm].sign(Buffer.from(text), pair.privateKey).toString('base64url')}` };
  },
  behave({ how }) {
    behaviour = how;
    return {};
  },
  asked: () => ({ asked }),
  published: () => ({ keys: published() }),
};

const answers = {
  right: (response, body) => response.setHeader('content-type', 'application/json').end(body),
  huge: (response, body) => response.end(`${body.slice(0, -1)},"padding":"${'a'.repeat(1_000_000)}"}`),
  nonsense: (response) => response.end('<html>come back later</html>'),
  failing: (response) => response.writeHead(503).end(),
  moved: (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
  broken: (response, body) => {
    response.writeHead(200, { 'content-length': body.length }).write(body.slice(0, 20));
    response.socket.destroySoon();
  },
  silent: () => {},
};

const server = https.createServer(
  { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) },
  (request, response) => {
    asked += 1;
    answers[request.url === '/keys?of=phr' ? behaviour : 'failing'](response, JSON.stringify({ keys: published() }));
  },
);

server.listen(Number(port), '127.0.0.1', () => {
  console.log(JSON.stringify({ port: server.address().port }));
  readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const { command, ...rest } = JSON.parse(line);
    console.log(JSON.stringify(commands[command](rest)));
  });
});
