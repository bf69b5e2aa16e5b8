DROP TABLE break_glass_grants, signing_keys, one_time_tokens, refresh_tokens, sessions, user_secrets, users,
    role_permissions, roles, permissions;
DROP FUNCTION end_sessions();
DELETE FROM change_log WHERE entity IN ('Role', 'User');
