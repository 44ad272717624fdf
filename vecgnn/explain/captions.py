"""What the page says whatever the function: what packing is, and how to read each part."""

INTRODUCTION = """
<p>A processor has <dfn>vector instructions</dfn>: one instruction that does the same to several numbers
at once. Each number has a place of its own in the vector, a <dfn>lane</dfn>. Programs are mostly written
for <dfn>scalars</dfn>, one number at a time. Where a straight piece of code does the same operation
several times on different numbers, these instructions can be put into a <dfn>pack</dfn> and replaced by
a single vector instruction. That is <dfn>superword-level parallelism</dfn> (SLP); to choose the packs is
the work of a <dfn>packer</dfn>.</p>
<p>Not every pack pays. Its operands must stand side by side in a vector. That is free where another pack
has just made this very vector. Else lanes are rearranged by a <dfn>shuffle</dfn>, or scalars are put in
one by one, a <dfn>gather</dfn> (a <dfn>broadcast</dfn> where all lanes hold the same value). And where
scalar code still reads a packed value, it must be taken out of its lane again, an <dfn>extract</dfn>. So
packs stand and fall together, and what counts is the <dfn>price</dfn> of the whole function: the sum of
its scalars, vector operations, shuffles, gathers and extracts, each at the cost that LLVM’s own cost
model gives it for this processor.</p>
"""

LISTING_CAPTION = """
The scalar function on the left, coloured by pack; on the right what is written in its place, pack 0 as
<code>%slp.0</code> and so on, each after the steps that make its operands. Struck out is what nothing
needs any more. Metadata is left out. Point at a line to see it everywhere; click to keep it there.
"""

GRAPH_CAPTION = """
Values flow downwards, from what computes them to what uses them. A coloured box is a pack, its lanes
side by side; “4 → 1” is the price of its instructions one by one and that of the vector operation. Below
its name stands what has to be done for its operands, and for how much. Other boxes are instructions that
stay scalar. A load or store shows its place in memory: where it starts, and the bytes from there.
"""

PACKS_CAPTION = """
A row for each pack: what its instructions cost one by one, what the vector operation costs in their
stead, how each operand is made and for how much. “Without it” is the change of the price if this pack
alone were taken out again.
"""

LLVM_CAPTION = """
LLVM’s own SLP vectorizer on the same function; lines with vectors stand out. Its packs cannot be read
from its output with certainty, so none are drawn.
"""

_LINES = (
    ("whole c0", "a vector passes as it stands, free"),
    ("shuffle c0", "its lanes are rearranged: a shuffle"),
    ("scalar", "a scalar value; into a lane a gather, out of one an extract"),
    ("order", "the order in memory must be kept"),
    ("address", "address arithmetic; a small box on an access computes its address"),
)

LEGEND = (
    '<ul class="legend">'
    + "".join(
        f'<li><svg width="34" height="12"><path class="w {line}" d="M1 6H33"/></svg> {text}</li>'
        for line, text in _LINES
    )
    + '<li><span class="struck">%x</span> nothing needs it any more</li></ul>'
)
