-- Roles and extensions that every step relies on. Runs before the steps, as the user who connects, and changes nothing
-- where nothing is missing: a user without CREATEROLE can run it once an administrator's run has made the roles.
--
--   phr_owner     owns every table and function; the steps run as this role
--   phr_migrator  phr_owner's rights, and sees the rows of all tenants, for steps that rewrite data
--   phr_server    what the server acts as: no owner and no superuser, so grants and row policies bind it
--   phr_audit_reader  sees the rows of all tenants in the audit trail alone: owns what finds entries by patient
DO $$
DECLARE
    wanted record;
    -- From PostgreSQL 16 on, membership alone no longer means that SET ROLE is allowed.
    assumable constant text :=
        CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    -- Serialises the runners of this database. Roles belong to the whole cluster and advisory locks do not, so runners
    -- of two databases still meet below: whoever comes second finds the work done.
    PERFORM pg_advisory_xact_lock(hashtextextended('phr roles', 0));

    FOR wanted IN
        SELECT * FROM (VALUES
            ('phr_owner', 'NOLOGIN'),
            ('phr_migrator', 'NOLOGIN BYPASSRLS'),
            ('phr_server', 'NOLOGIN'),
            ('phr_audit_reader', 'NOLOGIN')
        ) AS roles (name, attributes)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I %s', wanted.name, wanted.attributes);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN
                    NULL;
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'role % is missing and % may not create it', wanted.name, current_user
                        USING ERRCODE = 'insufficient_privilege',
                              HINT = 'Run this once as a superuser; afterwards an ordinary user can migrate.';
            END;
        END IF;
    END LOOP;

    FOR wanted IN
        SELECT * FROM (VALUES
            ('phr_owner', 'phr_migrator'::name, 'MEMBER', true),
            -- Without pg_monitor the columns of pg_stat_replication are empty, and lag cannot be told.
            ('pg_monitor', 'phr_server'::name, 'MEMBER', true),
            ('phr_owner', current_user, assumable, true),
            -- Its functions are made as this role. Nobody else is a member, or its policy would show them everything.
            ('phr_audit_reader', current_user, assumable, true),
            -- Only for whoever rewrites data, or serves with the same URL: one who just migrates may go without.
            ('phr_migrator', current_user, assumable, false),
            ('phr_server', current_user, assumable, false)
        ) AS memberships (role, member, privilege, required)
    LOOP
        FOR attempt IN 1..5 LOOP
            EXIT WHEN pg_has_role(wanted.member, wanted.role, wanted.privilege);
            BEGIN
                EXECUTE format('GRANT %I TO %I', wanted.role, wanted.member);
            EXCEPTION
                -- internal_error is how the server reports "tuple concurrently updated".
                WHEN duplicate_object OR unique_violation OR internal_error THEN
                    NULL;
                WHEN insufficient_privilege THEN
                    IF wanted.required THEN
                        RAISE EXCEPTION '% is not a member of % and % may not change that',
                                        wanted.member, wanted.role, current_user
                            USING ERRCODE = 'insufficient_privilege',
                                  HINT = format('As a superuser: GRANT %I TO %I;', wanted.role, wanted.member);
                    END IF;
                    EXIT;
            END;
        END LOOP;
    END LOOP;

    IF NOT has_schema_privilege('phr_owner', 'public', 'CREATE')
       OR NOT has_schema_privilege('phr_owner', 'public', 'USAGE') THEN
        GRANT USAGE, CREATE ON SCHEMA public TO phr_owner;
    END IF;
    IF NOT has_schema_privilege('phr_audit_reader', 'public', 'CREATE')
       OR NOT has_schema_privilege('phr_audit_reader', 'public', 'USAGE') THEN
        GRANT USAGE, CREATE ON SCHEMA public TO phr_audit_reader;
    END IF;
    IF NOT has_schema_privilege('phr_server', 'public', 'USAGE') THEN
        GRANT USAGE ON SCHEMA public TO phr_server;
    END IF;

    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'uuid-ossp') THEN
        CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pgcrypto') THEN
        CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
    END IF;
    -- So that an exclusion can compare keys.
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist') THEN
        CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
    END IF;
END
$$;
