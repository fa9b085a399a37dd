SELECT place & 16777215, kind, key, at, epoch, body, payload, blob FROM facts WHERE place = ? << 24
