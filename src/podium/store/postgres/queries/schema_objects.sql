WITH here AS (
    SELECT c.oid, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %(schema)s
)
SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' ELSE relkind::text END, relname::text,
    CASE relkind WHEN 'v' THEN pg_get_viewdef(oid) ELSE (
        SELECT string_agg(
            concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                (SELECT collname FROM pg_collation WHERE oid = a.attcollation), pg_get_expr(d.adbin, d.adrelid)),
            ', ' ORDER BY a.attnum
        )
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = here.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) END
FROM here WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
UNION ALL
SELECT 'index', c.relname::text, pg_get_indexdef(c.oid) FROM here c WHERE relkind = 'i'
UNION ALL
SELECT 'constraint', here.relname || '.' || conname, pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN here ON here.oid = k.conrelid
UNION ALL
SELECT 'trigger', here.relname || '.' || tgname, pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN here ON here.oid = t.tgrelid WHERE NOT tgisinternal
UNION ALL
SELECT 'rule', here.relname || '.' || rulename, pg_get_ruledef(r.oid)
FROM pg_rewrite r JOIN here ON here.oid = r.ev_class WHERE rulename <> '_RETURN'
UNION ALL
SELECT 'policy', here.relname || '.' || polname, polcmd::text FROM pg_policy p JOIN here ON here.oid = p.polrelid
UNION ALL
SELECT 'function', p.proname::text, pg_get_functiondef(p.oid)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = %(schema)s
