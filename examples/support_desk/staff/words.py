"""Makes comparable words of a message: stems, synonyms, and English for the German words of the trade."""

import re
import unicodedata
from functools import cache

_WORD = re.compile(r"plv-\d+|[^\W\d_]+(?:['’][^\W\d_]+)?|\d+")
_SUFFIXES = (
    "ations", "ation", "ments", "ment", "ingly", "ings", "ing", "ies", "ied", "ness", "able", "ible", "ungen", "ung",
    "keit", "heit", "ers", "ern", "edly", "est", "ed", "er", "en", "em", "es", "ly", "y", "e", "s", "n",
)  # fmt: skip
_SYNONYMS = {
    "client": "customer customers client clients buyer",
    "invoice": "bill bills invoices invoice billed billing invoiced invoicing",
    "sign": "login log-in logon signin sign-in log logging logged signing signed",
    "subscription": "subscription subscriptions membership contract abo abonnement vertrag vertrages",
    "password": "pw pwd pass passphrase passcode password passwords",
    "phone": "mobile handset smartphone cellphone iphone android galaxy handy telephone phones phone",
    "person": "employee employees staff colleague colleagues worker workers guy teammate teammates people persons person",
    "charge": "charged charges debited deducted debit charging charge",
    "calendar": "diary agenda calendars calendar",
    "meeting": "appointment appointments meetings meeting event events",
    "refund": "reimburse reimbursed moneyback refunded refund refunds",
    "delete": "erase erased remove removed wipe deleted deleting removing erasing delete",
    "stop": "quit quits stops stopped stopping stop",
    "discount": "reduction reductions rebate discounts discount",
    "receipt": "receipts voucher receipt",
    "mail": "email e-mail emails mails inbox mailbox mail",
    "time": "hour hours times time",
    "card": "visa mastercard amex cards card",
    "slow": "sluggish laggy crawl crawls slowly slow",
    "twice": "double doubled duplicate duplicates duplicated twice",
    "import": "imported imports importing upload uploaded uploading import",
    "page": "screen site website pages page",
    "price": "cost costs pricing prices price",
    "year": "annual annually yearly years year",
    "month": "monthly months month",
}
_GLOSSARY = {
    "rechnung": "invoice", "kund": "client", "mandant": "client", "stunde": "time", "kennwort": "password",
    "passwort": "password", "kalender": "calendar", "termin": "meeting", "beleg": "receipt", "quittung": "receipt",
    "kündig": "cancel", "konto": "account", "zahlung": "pay", "bezahl": "pay", "zahlen": "pay", "karte": "card",
    "lastschrift": "debit", "abgebucht": "charge", "abbuch": "charge", "mitarbeiter": "person", "kolleg": "person",
    "nutzer": "user", "anmeld": "sign", "einlogg": "sign", "gesperrt": "lock", "sperr": "lock", "handy": "phone",
    "telefon": "phone", "adresse": "address", "anschrift": "address", "steuer": "tax", "umsatzsteuer": "vat",
    "mehrwertsteuer": "vat", "mahn": "reminder", "erinner": "reminder", "rund": "round", "projekt": "project",
    "bericht": "report", "auswertung": "report", "schnittstelle": "api", "inhaber": "owner", "eigentümer": "owner",
    "lösch": "delete", "daten": "data", "datenschutz": "privacy", "preis": "price", "kosten": "price",
    "monat": "month", "jahr": "year", "jährlich": "year", "tarif": "plan", "paket": "plan", "platz": "seat",
    "lizenz": "seat", "entwurf": "draft", "nummer": "number", "summe": "total", "betrag": "amount", "fehler": "error",
    "langsam": "slow", "leer": "blank", "doppelt": "twice", "zeit": "time", "einladung": "invite", "einladen": "invite",
    "rolle": "role", "recht": "right", "rabatt": "discount", "ermäßig": "discount", "verein": "nonprofit",
    "gemeinnützig": "nonprofit", "gutschrift": "credit", "storn": "credit", "währung": "currency", "spesen": "expense",
    "auslage": "expense", "stundensatz": "rate", "stundensätz": "rate", "freigabe": "approve", "genehmig": "approve",
    "wiederkehr": "recurring", "erstatt": "refund", "zurück": "back", "geld": "money", "test": "trial",
    "probe": "trial", "einricht": "set", "änder": "change", "wechsel": "change", "drucken": "print", "logo": "logo",
    "vergessen": "forgot", "abgelaufen": "expired", "ablauf": "expire", "zertifikat": "certificate",
    "benachrichtigung": "notification", "synchron": "sync", "absturz": "crash", "stürzt": "crash", "timer": "timer",
    "stoppuhr": "timer", "gerät": "device", "fremd": "strange", "sprache": "language", "farbe": "colour",
    "kilometer": "mileage", "auszahl": "payout", "gebühr": "fee", "überweis": "transfer", "datei": "file",
    "spalte": "column", "zeile": "row", "import": "import", "export": "export", "budget": "budget", "archiv": "archive",
    "schule": "school", "universität": "university", "stiftung": "foundation", "browser": "browser",
}  # fmt: skip
_STOP = frozenset(
    """a an the and or but if of to in on at by for with from as is are was were be been being am do does did done has have
    had having i you he she it we they me him her us them my your his its our their this that these those there here
    what which who when where why how can could would should will shall may might must not no nor so than then too very
    just also only any some all each every more most other such own same into out up down over under again once about
    please thanks thank hello hi hey dear regards kind best greetings team plover support sent get got go going want
    need like know tell see say says said one ones now still already yet even really quite rather much many something
    anything nothing someone don't doesn't didn't i'm i've i'd it's can't won't isn't that's there's we're we've you're
    der die das den dem des ein eine einen einem einer eines und oder aber wenn von zu zum zur im am an auf bei für mit
    aus als ist sind war waren sein bin hat habe haben hatte ich du er sie es wir ihr mich mir uns ihnen ihn ihm mein
    meine meinen meiner unser unsere unseren ihre ihren ihrer dies diese dieser dieses da hier was welche welcher wer
    wann wo warum wie kann können könnte würde wird werden soll sollen muss müssen nicht kein keine keinen auch nur noch
    schon sehr so dann denn doch mal man nun jetzt bitte danke vielen dank hallo guten tag grüße gruß mfg freundlichen
    liebes moin servus etwas nichts alle alles immer wieder einfach gern gerne sich über unter nach vor seit bis um ja
    nein ob damit dass daß dazu davon geht gibt machen mache macht bekomme bekommen""".split()  # noqa: SIM905
)


def words(text: str) -> list[str]:
    """Return the stems of a text in order, with synonyms as one and English beside the German words of the trade."""
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFC", text).lower().replace("’", "'")):
        found.extend(_terms(word))
    return found


def stem(word: str) -> str:
    """Cut the ending of an English or German word; crude, and the same for both sides of a comparison."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:  # noqa: PLR2004 - a stem of three letters
            word = word.removesuffix(suffix)
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word  # noqa: PLR2004 - the same


@cache
def _terms(word: str) -> tuple[str, ...]:
    if word in _STOP or (len(word) == 1 and not word.isdigit()):
        return ()
    if word.startswith("plv-"):
        return (word, word[4:])
    same = _CANONICAL.get(word)
    glosses = {english for german, english in _GLOSSARY.items() if german in word and len(word) >= len(german)}
    return (stem(same or word), *sorted(stem(each) for each in glosses - {same or word}))


_CANONICAL = {word: main for main, others in _SYNONYMS.items() for word in others.split()}
