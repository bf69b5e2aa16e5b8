// Prints a page of patient registers as JSON. What the compiler lets pass here is what a front end may rely on.
import { readFragment } from '../generated/gql/fragment-masking.js';
import { graphql } from '../generated/gql/gql.js';
import type { PatientRegisterFilter, PatientRegisterStatus } from '../generated/gql/graphql.js';
import { request } from './phr.js';

/** `Wanted` when `Found` is the very same type, else a type that nothing fits; unlike assignment it tells `any` apart. */
type Exactly<Wanted, Found> =
  (<T>() => T extends Wanted ? 1 : 2) extends <T>() => T extends Found ? 1 : 2 ? Wanted : never;

const Row = graphql(`
  fragment SampleRow on PatientRegister {
    uuid
    lastName
    dateOfBirth
    status
    version
    createdAt
    doctor {
      specialty {
        name
      }
    }
  }
`);

const Page = graphql(`
  query SamplePage($filter: PatientRegisterFilter, $first: Int!) {
    patientRegisters(filter: $filter, order: [{ field: LAST_NAME, direction: ASC }], first: $first) {
      totalCount
      edges {
        cursor
        node {
          ...SampleRow
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const filter: PatientRegisterFilter = { lastName: { equal: process.argv[2] ?? 'Smith' } };
const { patientRegisters } = await request(Page, { filter, first: 5 });
// Null where the caller may not read patients; `request` throws then.
if (!patientRegisters) throw new Error('no patient registers');
const rows = readFragment(
  Row,
  patientRegisters.edges.map(({ node }) => node),
).map((row) => ({
  // The annotations are the check: a scalar that became `any` or `unknown` does not fit them.
  uuid: row.uuid satisfies Exactly<string, typeof row.uuid>,
  lastName: row.lastName,
  born: (row.dateOfBirth ?? 'unknown') satisfies Exactly<string, NonNullable<typeof row.dateOfBirth>>,
  status: row.status satisfies PatientRegisterStatus,
  version: row.version satisfies Exactly<number, typeof row.version>,
  createdAt: row.createdAt satisfies Exactly<string, typeof row.createdAt>,
  specialty: row.doctor?.specialty?.name ?? null,
}));
console.log(JSON.stringify({ totalCount: patientRegisters.totalCount, rows }));
