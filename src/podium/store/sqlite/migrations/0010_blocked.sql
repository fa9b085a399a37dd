-- `blocked`: why a blocked run cannot go on, as one of a few words; until now only the text of its reason told.
ALTER TABLE runs ADD COLUMN blocked TEXT;
UPDATE runs SET blocked = CASE
    WHEN strikes > 0 THEN 'quarantined'
    WHEN reason LIKE 'no worker has ' || workflow || ' version ' || version || ': register it,%' THEN 'missing_version'
    WHEN reason LIKE 'it has % facts, as many as m%_facts allows.%' THEN 'max_facts'
    WHEN reason LIKE '%: the journal has %, the code now asks for %' THEN 'diverged'
    WHEN reason LIKE 'call %: no agent is called %' OR reason LIKE 'compensation %: no agent is called %'
        OR reason LIKE 'call %: ''%'' has no version %' OR reason LIKE 'compensation %: ''%'' has no version %' THEN 'missing_agent'
    ELSE 'code'
END WHERE state = 'blocked'
