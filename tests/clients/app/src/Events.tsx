import { useApolloClient, useSubscription } from '@apollo/client/react';
import { useState } from 'react';
import { graphql } from '../../generated/app-gql';
import type { ChangesSubscription } from '../../generated/app-gql/graphql';

const CHANGES = graphql(`
  subscription Changes {
    changes(entities: [PATIENT_REGISTER, PATIENT_ALLERGY]) {
      __typename
      ... on RecordChange {
        cursor
        operation
        recordId
        patientId
        record {
          ... on PatientRegister {
            id
            phoneNumber
            address
            version
          }
        }
      }
      ... on ChangeGap {
        cursor
        reason
      }
    }
  }
`);

type RecordChange = Extract<ChangesSubscription['changes'], { __typename?: 'RecordChange' }>;

/** Records that others change: Apollo's cache takes what an event shows, and forgets what it says was deleted. */
export function Events() {
  const client = useApolloClient();
  const [seen, setSeen] = useState<readonly RecordChange[]>([]);
  const [isFollowing, setFollowing] = useState(false);
  useSubscription(CHANGES, {
    onData({ data: { data } }) {
      const change = data?.changes;
      if (change?.__typename === 'ChangeGap') setFollowing(true);
      if (change?.__typename !== 'RecordChange') return;
      // The record's id is that of the cache's object, also when it is gone.
      if (change.operation === 'DELETED') {
        client.cache.evict({ id: client.cache.identify({ __typename: 'PatientRegister', id: change.recordId })! });
      }
      setSeen((former) => [change, ...former].slice(0, 20));
    },
  });
  return (
    <section className="card">
      <h2>Changes</h2>
      <p role="status">{isFollowing ? 'following' : 'connecting'}</p>
      <ol>
        {seen.map(({ cursor, operation, recordId, patientId }) => (
          <li key={cursor} data-operation={operation} data-id={recordId} data-patient={patientId}>
            {operation} {recordId}
          </li>
        ))}
      </ol>
    </section>
  );
}
