# SPDX-License-Identifier: Apache-2.0
"""Finds what can be mutated in a C++ file, in its syntax tree as clang sees it.

A mutant is one small change that makes the code wrong. Left out are changes that a test of another
mutant of the same expression always notices too: a condition is not turned round where it is made
true and made false already, `&&` is not made `||` where each operand is left out already.
"""
import dataclasses
import re
import sys

try:
    import clang.cindex as cindex
except ImportError:  # an interpreter other than the system's
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        import clang.cindex as cindex
    except ImportError:
        sys.exit("ci/mutate: clang's Python bindings are missing; run ci/bootstrap mutation")
from clang.cindex import CursorKind as K

NS = "::shimgauge_mutation::"
RELATIONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
EQUALITIES = {"==": "!=", "!=": "=="}
# The constant whose change is the same as that of the boundary (in integers).
SAME_AS_BOUNDARY = {"<": 1, "<=": -1, ">": -1, ">=": 1}
EXPECTATIONS = {"EXPECT_THAT", "ASSERT_THAT", "Require", "AddFailure"}
# Calls whose absence nobody can see.
SILENT_CALLS = {"reserve", "shrink_to_fit", "IgnoreError", "clear_name"}
FUNCTIONS = {K.FUNCTION_DECL, K.CXX_METHOD, K.CONSTRUCTOR, K.DESTRUCTOR, K.CONVERSION_FUNCTION,
             K.FUNCTION_TEMPLATE}
SKIPPED = {K.PARM_DECL, K.STATIC_ASSERT, K.ENUM_DECL, K.FIELD_DECL, K.TYPE_ALIAS_DECL,
           K.TYPEDEF_DECL, K.TEMPLATE_TYPE_PARAMETER, K.TEMPLATE_NON_TYPE_PARAMETER}
STATEMENT_PARENTS = {K.COMPOUND_STMT, K.IF_STMT, K.FOR_STMT, K.CXX_FOR_RANGE_STMT, K.WHILE_STMT,
                     K.CASE_STMT, K.DEFAULT_STMT}


@dataclasses.dataclass
class Mutant:
    operator: str
    before: str
    after: str


@dataclasses.dataclass
class Edit:
    """One rewriting of text[start:end]. `parts` are (start, end) ranges or literal texts; @k in a
    literal stands for the number of the k-th mutant."""
    start: int
    end: int
    function: str
    mutants: list
    parts: list


def spelled(data, start, end):
    return re.sub(r"\s+", " ", data[start:end].decode()).strip()


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S).strip()


class Finder:
    def __init__(self, path, data, statements):
        """`statements`: "all" (calls and assignments) or "expectations"."""
        self.path, self.data, self.statements = path, data, statements
        self.edits = []
        self.function, self.result = "", None

    # --- the tree ---------------------------------------------------------------------------

    def range(self, node):
        start, end = node.extent.start, node.extent.end
        if not start.file or start.file.name != self.path or not end.file or \
                end.file.name != self.path or end.offset <= start.offset:
            return None
        return start.offset, end.offset

    def text(self, span):
        return self.data[span[0]:span[1]].decode()

    def strip(self, node):
        """Without the implicit conversions around it."""
        while True:
            children = list(node.get_children())
            if len(children) == 1 and children[0].kind == K.UNARY_OPERATOR and \
                    self.range(children[0]) and self.text(self.range(children[0]))[:2] == "!=":
                children = list(children[0].get_children())  # a != b, seen as !(a == b)
            wrapper = node.kind in (K.UNEXPOSED_EXPR, K.CALL_EXPR)
            same = [c for c in children if self.range(c) == self.range(node)]
            if not wrapper or len(same) != 1:
                return node
            node = same[0]

    def unwrapped(self, node):
        """The same without parentheses."""
        node = self.strip(node)
        while node.kind == K.PAREN_EXPR:
            node = self.strip(next(node.get_children()))
        return node

    def operands(self, node):
        """(operator, left, right) of a binary operation, built in or overloaded, or None."""
        children = list(node.get_children())
        if node.kind == K.BINARY_OPERATOR and len(children) == 2:
            left, right = children
        elif node.kind == K.CALL_EXPR and node.spelling.startswith("operator") and \
                len(children) == 3:
            spans = [(self.range(c), i) for i, c in enumerate(children)]
            if any(s is None for s, _ in spans):
                return None
            order = [i for _, i in sorted(spans)]
            left, right = children[order[0]], children[order[2]]
        else:
            return None
        left_span, right_span = self.range(left), self.range(right)
        whole = self.range(node)
        if not left_span or not right_span or not whole or left_span[1] > right_span[0] or \
                whole[0] != left_span[0] or whole[1] != right_span[1]:
            return None
        sign = without_comments(self.data[left_span[1]:right_span[0]].decode())
        return sign, left, right

    # --- edits ------------------------------------------------------------------------------

    def add(self, span, mutants, parts):
        if "EINTR" in self.text(span):  # no test can send a signal at that moment
            return
        self.edits.append(Edit(span[0], span[1], self.function, mutants, parts))

    def force(self, span, what, ways):
        """Makes a bool expression true and/or false."""
        parts, mutants = ["static_cast<bool>(", span, ")"], []
        text = spelled(self.data, *span)
        for way in ways:
            parts = [f"{NS}Force{way}(@{len(mutants)}, ", *parts, ")"]
            mutants.append(Mutant(what, text, str(way).lower()))
        self.add(span, mutants, parts)

    def comparison(self, node):
        """Boundaries and constants of a comparison; true if it is one."""
        found = self.operands(node)
        if not found or found[0] not in {**RELATIONS, **EQUALITIES}:
            return False
        sign, left, right = found
        span, left_span, right_span = self.range(node), self.range(left), self.range(right)
        if sign in RELATIONS:
            other = RELATIONS[sign]
            text = spelled(self.data, *span)
            after = f"{spelled(self.data, *left_span)} {other} {spelled(self.data, *right_span)}"
            self.add(span, [Mutant("boundary", text, after)],
                     [f"({NS}On(@0) ? static_cast<bool>((", left_span, f") {other} (", right_span,
                      ")) : static_cast<bool>((", left_span, f") {sign} (", right_span, ")))"])
        for side, mirrored in ((right, 1), (left, -1)):
            literal, literal_span = self.strip(side), self.range(side)
            if literal.kind != K.INTEGER_LITERAL or \
                    not re.fullmatch(r"\d+[uUlL]*", self.text(literal_span)):
                continue
            skipped = SAME_AS_BOUNDARY.get(sign, 0) * mirrored
            for by in (1, -1):
                zero = int(re.match(r"\d+", self.text(literal_span))[0]) == 0
                if by == skipped or (zero and by < 0):
                    continue
                value = self.text(literal_span)
                self.add(literal_span,
                         [Mutant("constant", text_of(self.data, span),
                                 text_of(self.data, span, literal_span, f"({value} {by:+d})"))],
                         [f"{NS}Shift(@0, ", literal_span, f", {by})"])
        return True

    # --- decisions --------------------------------------------------------------------------

    def decision(self, node, span, what, both=True):
        """A condition: made true, made false, each operand of && and || left out."""
        inner = self.unwrapped(node)
        found = self.operands(inner) if inner.kind == K.BINARY_OPERATOR else None
        sign = found[0] if found else ""
        if sign == "&&":
            ways = (False,)
        elif sign == "||":
            ways = (True,) if both else ()
        else:
            ways = (True, False) if both else (False,)
        if ways and self.text(span) not in ("true", "false"):
            self.force(span, what, ways)
        self.decided(inner)

    def decided(self, inner):
        found = self.operands(inner) if inner.kind == K.BINARY_OPERATOR else None
        if found and found[0] in ("&&", "||"):
            for operand in found[1:]:
                core = self.unwrapped(operand)
                below = self.operands(core) if core.kind == K.BINARY_OPERATOR else None
                if not below or below[0] != found[0]:
                    if self.range(operand):
                        self.force(self.range(operand), "operand", (found[0] == "&&",))
                self.decided(core)
            return
        if inner.kind == K.UNARY_OPERATOR and self.range(inner) and \
                re.match(r"!(?!=)", self.text(self.range(inner))):
            self.decided(self.unwrapped(next(inner.get_children())))
            return
        if not self.comparison(inner):
            self.visit(inner)
            return
        for child in inner.get_children():
            self.visit(child)

    def is_bool(self, node):
        return node.type.get_canonical().kind == cindex.TypeKind.BOOL

    def value(self, node):
        """A bool that is kept or handed on: turned round as a whole."""
        inner = self.unwrapped(node)
        span = self.range(inner)
        found = self.operands(inner) if inner.kind == K.BINARY_OPERATOR else None
        if found and found[0] in ("&&", "||"):
            self.decision(inner, span, "value")
            return True
        negation = inner.kind == K.UNARY_OPERATOR and span and \
            re.match(r"!(?!=)", self.text(span))
        compared = self.operands(inner)
        if span and (negation or (compared and compared[0] in {**RELATIONS, **EQUALITIES})):
            text = spelled(self.data, *span)
            self.add(span, [Mutant("negation", text, f"!({text})")],
                     [f"{NS}Flip(@0, static_cast<bool>(", span, "))"])
            self.decided(inner)
            return True
        return False

    # --- statements -------------------------------------------------------------------------

    def parenthesis(self, start, limit):
        """The text between the next ( and its ), as (start, end)."""
        depth, begin, position = 0, None, start
        for token in re.finditer(rb'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|//[^\n]*|[()]',
                                 self.data[start:limit]):
            if token[0] == b"(":
                depth += 1
                begin = start + token.end() if depth == 1 else begin
            elif token[0] == b")":
                depth -= 1
                if depth == 0:
                    return begin, start + token.start()
        return None

    def condition(self, node, keyword):
        """(child, span) of the condition of if, while: None if it declares something."""
        span = self.range(node)
        if not span or not re.match(rf"{keyword}\b(?!\s*constexpr)", self.text(span)):
            return None
        inside = self.parenthesis(span[0], span[1])
        if not inside:
            return None
        for child in node.get_children():
            child_span = self.range(child)
            if child_span and child_span[0] >= inside[0] and child_span[1] <= inside[1] and \
                    not self.data[child_span[1]:inside[1]].strip() and \
                    child.kind not in (K.VAR_DECL, K.DECL_STMT):
                before = self.data[inside[0]:child_span[0]].strip()
                if not before or before.endswith(b";"):
                    return child, child_span
        return None

    def for_condition(self, node):
        span = self.range(node)
        inside = self.parenthesis(span[0], span[1]) if span else None
        if not inside or not self.text(span).startswith("for"):
            return None
        for child in node.get_children():
            child_span = self.range(child)
            if child_span and inside[0] < child_span[0] and child_span[1] < inside[1] and \
                    self.data[inside[0]:child_span[0]].rstrip().endswith(b";") and \
                    self.data[child_span[1]:inside[1]].lstrip().startswith(b";"):
                return child, child_span
        return None

    def returned(self, node):
        span = self.range(node)
        children = list(node.get_children())
        if not span or not children or not self.text(span).startswith("return"):
            return False
        value_span = self.range(children[0])
        if not value_span:
            return False
        inner = self.unwrapped(children[0])
        text = self.text(value_span)
        result = self.result or ""
        if self.is_bool(inner) or (self.is_bool(children[0]) and not self.result):
            if text in ("true", "false"):
                self.force(value_span, "return", (text == "false",))
                return True
            found = self.operands(inner) if inner.kind == K.BINARY_OPERATOR else None
            if found and found[0] in ("&&", "||"):
                self.decision(children[0], value_span, "return")
            else:
                self.force(value_span, "return", (True, False))
                self.decided(inner)
            return True
        if re.fullmatch(r"absl::OkStatus\(\)", text) and result.endswith("::Status"):
            self.add(value_span, [Mutant("return", text, "an error")], [f"{NS}Fail(@0)"])
            return True
        if inner.type.get_canonical().spelling.replace("const ", "").endswith("::Status"):
            if result.endswith("::Status"):
                self.add(value_span, [Mutant("return", spelled(self.data, *value_span), "OK")],
                         [f"{NS}Forgive(@0, ", value_span, ")"])
            elif "::StatusOr<" in result:
                self.add(value_span, [Mutant("return", spelled(self.data, *value_span), "{}")],
                         [f"{NS}ForgiveValue(@0, ", value_span, ")"])
        return False

    def statement(self, node):
        """A call or assignment that stands for itself is left out."""
        span = self.range(node)
        if not span or self.data[span[1]:].lstrip()[:1] != b";" or \
                re.match(rb"[A-Z_]{3,}\(", self.data[span[0]:span[1]]):
            return
        inner = self.strip(node)
        text = self.text(span)
        if inner.kind == K.CALL_EXPR and not inner.spelling.startswith("operator"):
            if inner.spelling in SILENT_CALLS:
                return
        elif inner.kind == K.UNARY_OPERATOR:
            if not text.startswith(("++", "--")):
                return
        elif inner.kind not in (K.BINARY_OPERATOR, K.COMPOUND_ASSIGNMENT_OPERATOR, K.CALL_EXPR):
            return
        self.add(span, [Mutant("statement", spelled(self.data, *span), "nothing")],
                 [f"({NS}On(@0) ? void() : void(", span, "))"])

    def expectation(self, node):
        """EXPECT_THAT and its like: the value is still found out, but anything will do."""
        callee = next(node.get_children(), None)
        span, name = self.range(node), node.spelling
        callee_span = self.range(callee) if callee else None
        if not span or not callee_span:
            return
        text = spelled(self.data, *span)
        call = self.text(callee_span)
        if not call.endswith(name):
            return
        subject = call[:-len(name)]
        arguments = [self.range(a) for a in node.get_arguments()]
        # What a scenario needs to go on, or of its host, rather than what it is about.
        prepares = name == "Require" or (name == "ASSERT_THAT" and len(arguments) > 1 and
                                         arguments[1] and self.text(arguments[1]) == "IsOk()")
        prepares = prepares or re.search(r"\bwhy::k(Harness|Host)\b", text) is not None
        removed = [Mutant("precondition" if prepares else "expectation", text, "nothing")]
        if name == "AddFailure":
            self.add(span, removed, [f"({NS}On(@0) ? void() : void(", span, "))"])
            return
        if not arguments or not arguments[0]:
            return
        lax = [f"{subject}EXPECT_THAT(", arguments[0], ", ::testing::_)"]
        if name == "EXPECT_THAT":
            self.add(span, removed,
                     [f"({NS}Is(@0) ? ", *lax, f" : {NS}Kept(@0, ", span, "))"])
        elif node.type.get_canonical().kind == cindex.TypeKind.VOID:
            self.add(span, removed,
                     [f"({NS}Is(@0) ? void(", *lax, f") : (void({NS}Watch(@0)), void(", span,
                      ")))"])

    # --- visiting ---------------------------------------------------------------------------

    def enter_function(self, node):
        body = [c for c in node.get_children() if c.kind == K.COMPOUND_STMT]
        span = self.range(node)
        if not body or not span or not self.range(body[0]):
            return
        head = self.text((span[0], self.range(body[0])[0]))
        if re.search(r"\b(constexpr|consteval)\b", head):
            return
        outer = self.function, self.result
        parent = node.semantic_parent
        named = parent is not None and parent.kind in (K.CLASS_DECL, K.STRUCT_DECL)
        self.function = f"{parent.spelling}::{node.spelling}" if named else node.spelling
        self.result = node.result_type.get_canonical().spelling.removeprefix("const ")
        for child in node.get_children():
            if child.kind not in (K.PARM_DECL,):
                self.visit(child)
        self.function, self.result = outer

    def visit(self, node):
        kind = node.kind
        if kind in SKIPPED:
            return
        if kind in FUNCTIONS:
            self.enter_function(node)
            return
        if kind == K.LAMBDA_EXPR:
            outer, self.result = self.result, None
            self.visit_children(node)
            self.result = outer
            return
        if kind == K.VAR_DECL:
            self.variable(node)
            return
        if kind == K.CASE_STMT:
            children = list(node.get_children())
            self.visit_statement(children[-1])
            return
        if kind in (K.IF_STMT, K.WHILE_STMT, K.FOR_STMT, K.CONDITIONAL_OPERATOR):
            self.branch(node)
            return
        if kind == K.DO_STMT:
            self.visit_children(node)
            return
        if kind == K.RETURN_STMT and self.returned(node):
            return
        if kind in (K.BINARY_OPERATOR, K.UNARY_OPERATOR, K.CALL_EXPR) and self.value(node):
            return
        if kind == K.CALL_EXPR and self.statements == "expectations" and \
                node.spelling in EXPECTATIONS:
            self.expectation(node)
        if kind in STATEMENT_PARENTS:
            for child in node.get_children():
                self.visit_statement(child)
            return
        self.visit_children(node)

    def visit_children(self, node):
        for child in node.get_children():
            self.visit(child)

    def visit_statement(self, node):
        if self.statements == "all" and node.kind.is_expression():
            self.statement(node)
        self.visit(node)

    def variable(self, node):
        span = self.range(node)
        if not span or re.match(r"(?:static |inline )*constexpr\b", self.text(span)):
            return
        self.visit_children(node)

    def branch(self, node):
        kind = node.kind
        if kind == K.CONDITIONAL_OPERATOR:
            children = list(node.get_children())
            span = self.range(children[0])
            found = span and self.data[span[1]:].lstrip()[:1] == b"?"
            condition = (children[0], span) if found else None
        elif kind == K.FOR_STMT:
            condition = self.for_condition(node)
        else:
            condition = self.condition(node, "if" if kind == K.IF_STMT else "while")
        loop = kind in (K.FOR_STMT, K.WHILE_STMT)  # one without an end only costs time
        if condition:
            self.decision(*condition, "condition", both=not loop)
        for child in node.get_children():
            if condition and child == condition[0]:
                continue
            if kind in STATEMENT_PARENTS and self.range(child) and \
                    (not condition or self.range(child)[0] > condition[1][1]):
                if kind == K.FOR_STMT and self.data[self.range(child)[1]:].lstrip()[:1] != b";":
                    self.visit(child)
                    continue
                self.visit_statement(child)
            else:
                self.visit(child)


def text_of(data, span, part=None, replacement=""):
    if not part:
        return spelled(data, *span)
    whole = data[span[0]:part[0]] + replacement.encode() + data[part[1]:span[1]]
    return re.sub(r"\s+", " ", whole.decode()).strip()


def arguments_of(command):
    """What the syntax tree depends on of a compiler's arguments."""
    kept, words = [], iter(command)
    for word in words:
        if word.startswith(("-I", "-D", "-std")):
            kept.append(word)
        elif word == "-isystem":
            kept += [word, next(words)]
    return kept


def find(unit, command, files, statements):
    """{file: [Edit]} for those of `files` (absolute) that compiling `unit` reads."""
    tree = cindex.Index.create().parse(unit, args=[*arguments_of(command), "-w"])
    errors = [str(d) for d in tree.diagnostics if d.severity >= cindex.Diagnostic.Error]
    if errors:
        raise RuntimeError(f"{unit}: clang cannot read it: {errors[0]}")
    finders = {}
    for node in tree.cursor.get_children():
        name = node.location.file.name if node.location.file else None
        if name not in files:
            continue
        if name not in finders:
            finders[name] = Finder(name, open(name, "rb").read(), statements)
        finders[name].visit(node)
    return {name: finder.edits for name, finder in finders.items()}
