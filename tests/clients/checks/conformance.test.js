// graphql-js is the judge: what resolvers receive, and where nulls stand, must be the same. With PHR_SOAK for as long as
// PHR_SOAK_SECONDS says; PHR_SEED repeats a run.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { execute, parse, validate } from 'graphql';
import { Arguments } from '../conformance/arguments.js';
import { Executor } from '../conformance/executor.js';
import { Random } from '../conformance/random.js';
import { Selections, resolver } from '../conformance/things.js';

const soak = Boolean(process.env.PHR_SOAK);
const seconds = Number(process.env.PHR_SOAK_SECONDS ?? 3600) / 2;
const seed = Number(process.env.PHR_SEED ?? (soak ? Date.now() % 2 ** 31 : 1));

let program;

before(async () => {
  program = await Executor.start();
});

after(() => program?.stop());

/** Runs `check` for a number of rounds, or for as long as a soak lasts. */
async function repeat(rounds, check) {
  const until = Date.now() + seconds * 1000;
  for (let round = 0; soak ? Date.now() < until : round < rounds; round += 1) await check(new Random(seed + round), round);
}

const plain = (value) => JSON.parse(JSON.stringify(value ?? null));

test(`resolvers receive the same arguments (seed ${seed})`, async () => {
  let [wrong, compared] = [0, 0];
  await repeat(1500, async (random) => {
    const request = new Arguments(program.schema, random).request();
    const document = parse(request.query);
    const invalid = validate(program.schema, document);
    const told = `${request.query}\n${JSON.stringify(request.variables)}`;
    const answer = await program.execute(request);
    assert.equal(invalid.length > 0, request.wrong, `${told}\n${invalid.join('\n')}`);
    if (request.wrong) {
      wrong += 1;
      assert.ok(answer.data === null && answer.errors.length > 0, `${told}\nis not refused`);
      return;
    }
    const expected = execute({
      schema: program.schema,
      document,
      variableValues: request.variables,
      fieldResolver: (source, args, context, { fieldName }) => (fieldName === 'received' ? source : args),
    });
    compared += 1;
    assert.deepEqual(answer.data, plain(expected.data), `${told}\n${JSON.stringify([answer.errors, expected.errors])}`);
    assert.equal(answer.errors.length > 0, Boolean(expected.errors), told);
  });
  assert.ok(wrong > 0 && compared > wrong, `${compared} compared, ${wrong} wrong`);
});

test(`nulls stand in the same places (seed ${seed})`, async () => {
  await repeat(25, async (random) => {
    const request = new Selections(program.schema, random).request();
    const document = parse(request.query);
    assert.deepEqual(validate(program.schema, document), [], request.query);
    const places = new Map();
    const run = (failing, nulls, seen) => {
      const fieldResolver = resolver(failing, nulls, seen);
      const typeResolver = ({ __typename }) => __typename;
      return execute({ schema: program.schema, document, variableValues: request.variables, fieldResolver, typeResolver });
    };
    run(new Set(), new Set(), places);
    const all = [...places.keys()].filter((path) => !isRootOfEvents(request.query, path));
    const nullable = all.filter((path) => places.get(path));
    const some = (list, most) => Array.from({ length: random.below(most) }, () => random.pick(list)).filter(Boolean);
    const cases = [[], ...sample(all, 40, random).map((path) => [path]), ...Array.from({ length: 10 }, () => some(all, 6))];
    for (const failing of cases) {
      const nulls = some(nullable, 3);
      compare(await program.execute({ ...request, failing, null: nulls }), run(new Set(failing), new Set(nulls)), {
        ...request,
        failing,
        nulls,
      });
    }
  });
});

/** The value of a subscription's root field comes with the event. */
const isRootOfEvents = (query, path) => query.startsWith('subscription') && !path.includes('/');

const sample = (list, most, random) => (list.length <= most ? list : Array.from({ length: most }, () => random.pick(list)));

function compare(answer, expected, request) {
  const told = `${JSON.stringify(request, null, 1)}\n${JSON.stringify(answer)}\n${JSON.stringify(expected)}`;
  assert.deepEqual(answer.data, plain(expected.data), told);
  const paths = answer.errors.map(({ path }) => path.join('/'));
  for (const { path } of expected.errors ?? []) assert.ok(paths.includes(path.join('/')), told);
  // Fields beside one that failed may still be resolved, in what is null by then.
  const known = new Set((expected.errors ?? []).map(({ path }) => path.join('/')));
  for (const { path } of answer.errors) assert.ok(known.has(path.join('/')) || isNull(answer.data, path), told);
}

const isNull = (data, path) => {
  let value = data;
  for (const step of path) value = value?.[step];
  return (value ?? null) === null;
};
