.globl f
f: .incbin "x" # don't
/* open