-- SQLite has no row policies and no roles: there the boundary is kept by the server's statements alone.
SELECT 1;
