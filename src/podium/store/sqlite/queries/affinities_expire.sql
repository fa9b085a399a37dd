DELETE FROM affinities WHERE hour < CAST(strftime('%s', 'now') AS INTEGER) / 3600 - 1
