import { useMutation, useQuery } from '@apollo/client/react';
import { useState } from 'react';
import { graphql } from '../../generated/app-gql';
import { CreateRegister } from './CreateRegister';
import { EditRegister } from './EditRegister';

const REGISTERS = graphql(`
  query Registers {
    patientRegisters(first: 50) {
      nodes {
        id
        uuid
        firstName
        lastName
        phoneNumber
        address
        version
      }
    }
  }
`);

const DELETE = graphql(`
  mutation DeletePatientRegister($uuid: UUID!) {
    deletePatientRegister(input: { uuid: $uuid }) {
      patientRegister {
        id
      }
      userErrors {
        message
      }
    }
  }
`);

export function Registers() {
  const { data, error, refetch } = useQuery(REGISTERS);
  const [remove] = useMutation(DELETE);
  const [edited, setEdited] = useState<string | null>(null);
  if (error) return <p role="alert">The registers cannot be shown: {error.message}</p>;
  const nodes = data?.patientRegisters?.nodes ?? [];
  const register = nodes.find(({ id }) => id === edited);
  return (
    <section className="card">
      <h2>Registers</h2>
      <button type="button" onClick={() => refetch()}>
        Reload
      </button>
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th>Phone</th>
            <th>Address</th>
            <th>Version</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {nodes.map(({ id, uuid, firstName, lastName, phoneNumber, address, version }) => (
            <tr key={id} data-id={id}>
              <td>
                {firstName} {lastName}
              </td>
              <td>{phoneNumber}</td>
              <td>{address}</td>
              <td>{version}</td>
              <td>
                <button type="button" onClick={() => setEdited(id)}>
                  Edit
                </button>{' '}
                <button type="button" onClick={() => remove({ variables: { uuid } })}>
                  Delete
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {register ? <EditRegister key={register.id} register={register} done={() => setEdited(null)} /> : null}
      <CreateRegister created={() => refetch()} />
    </section>
  );
}
