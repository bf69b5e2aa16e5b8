import { useMutation } from '@apollo/client/react';
import { type FormEvent, useState } from 'react';
import { graphql } from '../../generated/app-gql';

const UPDATE = graphql(`
  mutation UpdatePatientRegister($input: UpdatePatientRegisterInput!) {
    updatePatientRegister(input: $input) {
      patientRegister {
        id
        phoneNumber
        address
        version
      }
      current {
        id
        phoneNumber
        address
        version
      }
      userErrors {
        code
        message
        path
        params {
          currentVersion
          differingFields
        }
      }
    }
  }
`);

interface Register {
  uuid: string;
  phoneNumber?: string | null;
  address?: string | null;
  version: number;
}

interface Conflict {
  current: Omit<Register, 'uuid'>;
  differing: readonly string[];
}

/** Changes a register. Where somebody else was faster, both versions are shown, and saving again overwrites knowingly. */
export function EditRegister({ register, done }: { register: Register; done: () => void }) {
  const [update] = useMutation(UPDATE);
  const [expectedVersion, setExpectedVersion] = useState(register.version);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const phoneNumber = String(fields.get('phoneNumber'));
    const address = String(fields.get('address'));
    // Only what was changed is sent: a field that is left out stays as it is.
    const input = {
      uuid: register.uuid,
      expectedVersion,
      ...(phoneNumber === register.phoneNumber ? {} : { phoneNumber }),
      ...(address === register.address ? {} : { address }),
    };
    const { data } = await update({ variables: { input } });
    const payload = data?.updatePatientRegister;
    const error = payload?.userErrors[0];
    if (!error) return done();
    if (error.code === 'VERSION_CONFLICT' && payload.current) {
      setConflict({ current: payload.current, differing: error.params.differingFields ?? [] });
      setExpectedVersion(payload.current.version);
    } else {
      setProblem(`${error.path.join('.')}: ${error.message}`);
    }
  }

  return (
    <form className="grid" onSubmit={submit} aria-label="Edit register">
      <label>
        Phone
        <input name="phoneNumber" defaultValue={register.phoneNumber ?? ''} />
      </label>
      <label>
        Address
        <input name="address" defaultValue={register.address ?? ''} />
      </label>
      {conflict ? (
        <p role="alert" data-code="VERSION_CONFLICT">
          Somebody else has changed this register: it is version {conflict.current.version} now. Different from yours:{' '}
          {conflict.differing
            .map((name) => `${name} (now ${conflict.current[name as keyof Conflict['current']]})`)
            .join(', ')}
          .
        </p>
      ) : null}
      {problem ? <p role="alert">{problem}</p> : null}
      <button>{conflict ? 'Save anyway' : 'Save'}</button>
    </form>
  );
}
