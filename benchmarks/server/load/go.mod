module podium/load

go 1.24
