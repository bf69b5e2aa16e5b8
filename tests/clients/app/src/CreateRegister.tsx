import { CombinedGraphQLErrors } from '@apollo/client';
import { useMutation } from '@apollo/client/react';
import { type FormEvent, useState } from 'react';
import { graphql } from '../../generated/app-gql';
import { type Malformed, type Problem, rule } from './words';

const CREATE = graphql(`
  mutation CreatePatientRegister($input: CreatePatientRegisterInput!) {
    createPatientRegister(input: $input) {
      patientRegister {
        id
      }
      userErrors {
        code
        path
        params {
          min
          max
          earliest
          latest
          pattern
          relatedField
        }
      }
    }
  }
`);

const FIELDS = {
  firstName: 'First name',
  lastName: 'Last name',
  dateOfBirth: 'Date of birth',
  email: 'Email',
  phoneNumber: 'Phone',
  address: 'Address',
  emergencyContact: 'Emergency contact',
} as const;
type Field = keyof typeof FIELDS;

export function CreateRegister({ created }: { created: () => void }) {
  const [create] = useMutation(CREATE);
  const [problems, setProblems] = useState<readonly (Problem | Malformed)[]>([]);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = Object.fromEntries(new FormData(form)) as Record<Field, string>;
    try {
      const { data } = await create({ variables: { input: fields } });
      setProblems(data?.createPatientRegister?.userErrors ?? []);
      if (!data?.createPatientRegister?.patientRegister) return;
      form.reset();
      created();
    } catch (error) {
      if (!CombinedGraphQLErrors.is(error)) throw error;
      setProblems(error.errors.map(({ extensions }) => ({ code: 'MALFORMED', path: argumentPath(extensions) })));
    }
  }

  const at = (name: string) => problems.filter(({ path }) => path.join('.') === `input.${name}`);
  return (
    <form className="grid" onSubmit={submit} aria-label="New register">
      {Object.entries(FIELDS).map(([name, label]) => (
        <div key={name}>
          <label>
            {label}
            <input name={name} />
          </label>
          {at(name).map((problem) => (
            <em key={problem.code} role="alert" data-code={problem.code}>
              {rule(problem)}
            </em>
          ))}
        </div>
      ))}
      <button>Create</button>
    </form>
  );
}

function argumentPath(extensions: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const path = extensions?.['argumentPath'];
  return Array.isArray(path) ? path.map(String) : [];
}
