-- By way of a text, which has all digits of a number.
INSERT INTO run_costs (by, root, run, part, calls, requests, input, output, usd, doubt, unpriced, cpu, gb, saved)
VALUES (
    %s, %s, %s, %s, %s, %s, %s, %s, %s::double precision::text::numeric, %s::double precision::text::numeric, %s,
    %s::double precision::text::numeric, %s::double precision::text::numeric, %s::double precision::text::numeric
)
