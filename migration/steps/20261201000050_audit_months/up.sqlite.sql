-- Nothing to do: the table by which entries are found by patient has their order.
SELECT 1;
