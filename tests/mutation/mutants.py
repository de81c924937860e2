# SPDX-License-Identifier: Apache-2.0
"""The small changes that a test should notice, found in the text of a C++ source.

>>> [(m.operator, m.mutated_line()) for m in mutants_of("if (size < limit) {  // a < b\\n")]
[('condition', 'if (!(size < limit)) {  // a < b'), ('boundary', 'if (size <= limit) {  // a < b')]
>>> [m.mutated_line() for m in mutants_of('return fail(EINVAL, "a < b && c");\\n')]
['return fail(ENOTRECOVERABLE, "a < b && c");']
>>> [(m.operator, m.mutated_line()) for m in mutants_of("  open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);\\n")]
[('statement', '  ;'), ('flag', '  open(path, O_PATH | O_CLOEXEC);')]
>>> [m.mutated_line() for m in mutants_of("  if (a && b[i + 1] >= 7) {\\n") if m.operator != "condition"]
['  if (a || b[i + 1] >= 7) {', '  if (a && b[i] >= 7) {', '  if (a && b[i + 1] > 7) {']
"""
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Mutant:
    operator: str
    start: int  # offsets in the source
    end: int
    replacement: str
    source: str

    def text(self):
        return self.source[: self.start] + self.replacement + self.source[self.end :]

    def line_number(self):
        return self.source.count("\n", 0, self.start) + 1

    def _line_bounds(self):
        first = self.source.rfind("\n", 0, self.start) + 1
        last = self.source.find("\n", self.end)
        return first, last if last >= 0 else len(self.source)

    def line(self):
        first, last = self._line_bounds()
        return self.source[first:last]

    def mutated_line(self):
        first, last = self._line_bounds()
        return self.source[first : self.start] + self.replacement + self.source[self.end : last]

    def key(self):
        """Names the mutant wherever its line moves to."""
        words = lambda text: " ".join(text.split())
        return f"{self.operator}: {words(self.line())} => {words(self.mutated_line())}"


def code_only(source):
    """`source` with comments, literals and directives blanked, at the same offsets."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*',
        re.DOTALL | re.MULTILINE,
    )
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), source)


def closing(code, opening):
    """The offset of the parenthesis that closes the one at `opening`; -1 where there is none."""
    depth = 0
    for offset in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[offset], 0)
        if depth == 0:
            return offset
    return -1


# (operator, pattern, replacement): the whole match is replaced.
REPLACED = [
    ("boundary", r"(?<=\s)<(?=\s)", "<="),
    ("boundary", r"(?<=\s)<=(?=\s)", "<"),
    ("boundary", r"(?<=\s)>(?=\s)", ">="),
    ("boundary", r"(?<=\s)>=(?=\s)", ">"),
    ("equality", r"(?<=\s)==(?=\s)", "!="),
    ("equality", r"(?<=\s)!=(?=\s)", "=="),
    ("logic", r"(?<=\s)&&(?=\s)", "||"),
    ("logic", r"(?<=\s)\|\|(?=\s)", "&&"),
    ("off by one", r" [+-] 1\b(?![.'])", ""),
    ("arithmetic", r"(?<=\w )\+(?= (?!1\b)[\w(])", "-"),
    ("arithmetic", r"(?<=\w )-(?= (?!1\b)[\w(])", "+"),
    ("flag", r" \| (?!\w*CLOEXEC)[A-Z][A-Z0-9]*_[A-Z0-9_]+(?![\w(])", ""),
    ("error", r"(?<=fail\()E[A-Z0-9]+\b", "ENOTRECOVERABLE"),
    ("boolean", r"(?<=return )true(?=;)", "false"),
    ("boolean", r"(?<=return )false(?=;)", "true"),
]
# What stands alone on its lines and may be left out: a call, an assignment, a step of a count.
STATEMENT = re.compile(r"^([ \t]+)((?:TRY\(|[\w:.>*\[\]-]+(?:\(| [|&+-]?= )|[+-]{2}[\w.>-]+;)[^;{}]*;)(?=\s)", re.MULTILINE)
# They name something that what follows needs, or end a function that must return.
NOT_LEFT_OUT = re.compile(r"(return|const|auto|using|static|constexpr|case|throw|break|continue|goto|namespace|EXPECT|static_assert)\b")
# A bound that is one larger is the boundary's operator again; this is what is assigned or equal.
NUMBER = re.compile(r"(?<=[ =!]= )\d+(?=[\s;)U])")


def mutants_of(source):
    """Each mutant of `source`, in the order of its place."""
    code = code_only(source)
    found = []

    def add(operator, start, end, replacement):
        found.append(Mutant(operator, start, end, replacement, source))

    for operator, pattern, replacement in REPLACED:
        for match in re.finditer(pattern, code):
            add(operator, match.start(), match.end(), replacement)
    for match in NUMBER.finditer(code):
        add("constant", match.start(), match.end(), str(int(match.group()) + 1))
    for match in re.finditer(r"\b(?:if|while) \(", code):
        opening = match.end() - 1
        end = closing(code, opening)
        inner = code[opening + 1 : end] if end > 0 else ";"
        # With a declaration in it there is nothing to negate by parentheses.
        if ";" not in inner and " = " not in inner and not code[: match.start()].endswith("constexpr "):
            add("condition", opening + 1, end, f"!({source[opening + 1 : end]})")
    for match in STATEMENT.finditer(code):
        body = match.group(2)
        if body.endswith(";") and body.count("(") == body.count(")") and not NOT_LEFT_OUT.match(body):
            add("statement", match.start(2), match.end(2), ";")
    return sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.operator))
