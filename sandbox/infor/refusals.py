"""How M3 says no: a business error of one transaction, or the hard end of a request."""

_WIDTH = 80

_TEXTS = {
    "XRE0103": ("Record does not exist", "Datensatz existiert nicht"),
    "XRE0104": ("Record already exists", "Datensatz ist bereits vorhanden"),
    "WSU0103": ("Supplier does not exist", "Lieferant ist nicht vorhanden"),
    "XAU0008": ("User is not authorized for the company", "Benutzer ist für die Firma nicht berechtigt"),
    "EXP0001": ("The query is not valid", "Die Abfrage ist nicht gültig"),
    "GL84001": ("Interface line has the wrong layout", "Schnittstellenzeile hat den falschen Aufbau"),
    "GL84002": ("Interface is not defined", "Schnittstelle ist nicht definiert"),
    "GL84003": ("Batch is already handed over", "Stapel ist bereits übergeben"),
    "GL84004": ("Batch has no lines", "Stapel hat keine Zeilen"),
    "GL84005": ("Invoice is blocked for payment", "Rechnung ist zur Zahlung gesperrt"),
    "GL84006": ("Invoice is in a payment proposal", "Rechnung ist in einem Zahlungsvorschlag"),
    "GL84007": ("Currency differs from the invoice", "Währung weicht von der Rechnung ab"),
    "GL84008": ("Amount exceeds what is outstanding", "Betrag übersteigt den offenen Posten"),
    "GL84009": ("Sign is not allowed for this interface", "Vorzeichen ist hier nicht erlaubt"),
    "GL84010": ("Period is closed", "Periode ist abgeschlossen"),
    "GL84011": ("No payment to reverse", "Keine Zahlung zum Stornieren"),
    "GL84012": ("Invoice does not exist", "Rechnung existiert nicht"),
}


class NokError(Exception):
    """A business error: HTTP 200, nothing was written, `code` and `field` say why."""

    def __init__(self, code: str, field: str = "", detail: str = "") -> None:
        super().__init__(f"{code} {field} {detail}".strip())
        self.code = code
        self.field = field
        self.detail = detail

    def text(self, language: str) -> str:
        """Give the message as M3 does: in the user's language, code and field inside, padded."""
        english, german = _TEXTS[self.code]
        said = german if language == "DE" else english
        detail = f" ({self.detail})" if self.detail else ""
        return f"{said}{detail}".ljust(_WIDTH) + f"{self.code:<10}{self.field:<10}"


class TerminationError(Exception):
    """The hard end of a request: `kind` is M3's terminationErrorType."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class MalformedRequestError(Exception):
    """A request M3 cannot even read: HTTP 400 with an empty body."""
