import { type FormEvent, useState } from 'react';
import { ServerError, session } from './session';
import { refusal } from './words';

export function SignIn({ ended }: { ended: string | null }) {
  const [problem, setProblem] = useState<ServerError | null>(null);
  const needsCode = problem?.code.startsWith('SECOND_FACTOR') ?? false;

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string) => String(fields.get(name) ?? '');
    try {
      await session.signIn({
        username: text('username'),
        password: text('password'),
        ...(fields.has('cookie') ? { cookie: true } : {}),
        ...(needsCode ? { oneTimeCode: text('oneTimeCode') } : {}),
      });
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      setProblem(error);
    }
  }

  return (
    <form className="card" onSubmit={submit}>
      <h1>Sign in</h1>
      {ended && !problem ? <p role="status">{refusal({ code: ended, details: {} })}</p> : null}
      <label>
        User name
        <input name="username" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      {needsCode ? (
        <label>
          Code
          <input name="oneTimeCode" autoComplete="one-time-code" autoFocus required />
        </label>
      ) : null}
      <label className="choice">
        <input name="cookie" type="checkbox" />
        Keep the session in a cookie
      </label>
      {problem ? (
        <p role="alert" data-code={problem.code}>
          {refusal(problem)}
        </p>
      ) : null}
      <button>Sign in</button>
    </form>
  );
}
