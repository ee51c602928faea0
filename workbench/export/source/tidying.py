"""Generated lines as a person would have written them."""

import ast


def tidy(line: str) -> str:
    """One statement, with plain slices, usual spacing and ``F`` for the functions."""
    tree = _Slices().visit(ast.parse(line.strip()))
    return ast.unparse(ast.fix_missing_locations(tree)).replace("torch.nn.functional.", "F.")


class _Slices(ast.NodeTransformer):
    """Writes ``x[:, ::2]`` for ``x[(slice(None, None, None), slice(None, None, 2))]``."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        plain = [self._plain(part) for part in parts]
        index = ast.Tuple(plain, ast.Load()) if isinstance(node.slice, ast.Tuple) else plain[0]
        return ast.Subscript(node.value, index, node.ctx)

    def _plain(self, part: ast.expr) -> ast.expr:
        match part:
            case ast.Call(func=ast.Name(id="slice"), args=[start, stop, step]):
                return ast.Slice(*(None if _is_none(one) else one for one in (start, stop, step)))
        return part


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
