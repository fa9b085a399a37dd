UPDATE runs SET state = 'ready', owner = NULL WHERE state = 'running' AND owner = ?
