package io.vlfinetune.trainer.engine;

/** The functions of the TorchScript module, in the notation of a saved archive. */
final class ScriptFunctions {
    /*
     * product: a linear layer as a convolution with kernel 1 over the view [1, in, 1, rows] (channels last, no copy),
     * which reaches oneDNN with ordinary autograd. Rows must lie on the last axis: on the height axis it is half as
     * fast.
     *
     * rms_norm: from the row's length, whose gradient takes fewer passes over memory than that of a mean of squares.
     *
     * attention: heads that share keys are rows of one product. The mask is added by the product itself. Its value is finite,
     * so that no difference of two infinities can come up; its exponential is 0 all the same.
     *
     * rotate: the sign of the exchanged halves lies on the table, which is small.
     */
    static final String SOURCE = """
            def product(self: __torch__.M, x: Tensor, w: Tensor, b: Optional[Tensor]) -> Tensor:
              shape = torch.size(x)
              n = torch.size(w, 0)
              k = torch.size(w, 1)
              y = torch.conv2d(torch.permute(torch.reshape(x, [1, 1, -1, k]), [0, 3, 1, 2]), torch.view(w, [n, k, 1, 1]), b)
              _0 = torch._set_item(shape, -1, n)
              return torch.reshape(torch.permute(y, [0, 2, 3, 1]), shape)
            def product_only(self: __torch__.M, x: Tensor, w: Tensor) -> Tensor:
              return (self).product(x, w, None, )
            def rms_norm(self: __torch__.M, x: Tensor, weight: Tensor, eps: float) -> Tensor:
              h = torch.to(x, 6)
              n = torch.linalg_vector_norm(h, 2, [-1], True)
              r = torch.rsqrt(torch.add(torch.div(torch.mul(n, n), torch.size(h, -1)), eps))
              return torch.mul(weight, torch.to(torch.mul(h, r), ops.prim.dtype(x)))
            def rms_norm_one_plus(self: __torch__.M, x: Tensor, weight: Tensor, eps: float) -> Tensor:
              h = torch.to(x, 6)
              n = torch.linalg_vector_norm(h, 2, [-1], True)
              r = torch.rsqrt(torch.add(torch.div(torch.mul(n, n), torch.size(h, -1)), eps))
              y = torch.mul(torch.mul(h, r), torch.add(torch.to(weight, 6), 1.))
              return torch.to(y, ops.prim.dtype(x))
            def attention(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], scale: float) -> Tensor:
              heads = torch.size(q, 1)
              n = torch.size(q, 2)
              d = torch.size(q, 3)
              sets = torch.mul(torch.size(k, 0), torch.size(k, 1))
              a = torch.reshape(torch.mul(q, scale), [sets, -1, d])
              b = torch.transpose(torch.reshape(k, [sets, n, d]), 1, 2)
              if torch.__is__(mask, None):
                s = torch.bmm(a, b)
              else:
                m = unchecked_cast(Tensor, mask)
                s = torch.baddbmm(m, a, b)
              y = torch.bmm(torch.softmax(s, -1), torch.reshape(v, [sets, n, d]))
              return torch.reshape(y, [-1, heads, n, d])
            def attention_all(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
              return (self).attention(q, k, v, None, scale, )
            def attention_causal(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
              n = torch.size(q, 2)
              m = torch.triu(torch.new_full(q, [n, n], -1.0e+30), 1)
              return (self).attention(q, k, v, torch.repeat(m, [torch.floordiv(torch.size(q, 1), torch.size(k, 1)), 1]), scale, )
            def attention_masked(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scale: float) -> Tensor:
              n = torch.size(q, 2)
              m = torch.expand(mask, [torch.size(q, 0), torch.size(q, 1), n, n])
              return (self).attention(q, k, v, torch.reshape(m, [torch.mul(torch.size(k, 0), torch.size(k, 1)), -1, n]), scale, )
            def average_pool(self: __torch__.M, x: Tensor, side: int) -> Tensor:
              return torch.avg_pool2d(x, [side, side], [side, side])
            def rotate(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
              d = torch.floordiv(torch.size(x, -1), 2)
              s = torch.cat([torch.neg(torch.slice(sin, -1, 0, d)), torch.slice(sin, -1, d)], -1)
              return torch.addcmul(torch.mul(x, cos), torch.roll(x, [d], [-1]), s)
            def quick_gelu(self: __torch__.M, x: Tensor) -> Tensor:
              return torch.mul(x, torch.sigmoid(torch.mul(x, 1.702)))
            def gelu(self: __torch__.M, x: Tensor, approximate: str) -> Tensor:
              return torch.gelu(x, approximate=approximate)
            def gradients(self: __torch__.M, outputs: List[Tensor], inputs: List[Tensor], seeds: List[Tensor]) -> List[Tensor]:
              roots = annotate(List[Tensor], [])
              given = annotate(List[Optional[Tensor]], [])
              for i in range(torch.len(seeds)):
                if ops.prim.requires_grad(outputs[i]):
                  _0 = torch.append(roots, outputs[i])
                  _1 = torch.append(given, seeds[i])
                else:
                  pass
              made = torch.grad(roots, inputs, given, False, False, True)
              found = annotate(List[Tensor], [])
              for j in range(torch.len(made)):
                one = made[j]
                if torch.__is__(one, None):
                  _2 = torch.append(found, torch.slice(torch.reshape(seeds[0], [-1]), 0, 0, 0))
                else:
                  _3 = torch.append(found, unchecked_cast(Tensor, one))
              return found
            def linear_gradients(self: __torch__.M, g: Tensor, x: Tensor, w: Tensor, input: bool, weight: bool, bias: bool) -> List[Tensor]:
              a = torch.reshape(g, [-1, torch.size(w, 0)])
              found = annotate(List[Tensor], [])
              if input:
                _0 = torch.append(found, torch.reshape(torch.mm(a, w), torch.size(x)))
              else:
                pass
              if weight:
                _1 = torch.append(found, torch.mm(torch.t(a), torch.reshape(x, [-1, torch.size(w, 1)])))
              else:
                pass
              if bias:
                _2 = torch.append(found, torch.sum(a, [0]))
              else:
                pass
              return found
            def product_gradients(self: __torch__.M, g: Tensor, x: Tensor, w: Tensor, input: bool, weight: bool, bias: bool) -> List[Tensor]:
              n = torch.size(w, 0)
              k = torch.size(w, 1)
              a = torch.permute(torch.reshape(g, [1, 1, -1, n]), [0, 3, 1, 2])
              b = torch.permute(torch.reshape(x, [1, 1, -1, k]), [0, 3, 1, 2])
              dx, dw, db, = torch.convolution_backward(a, b, torch.view(w, [n, k, 1, 1]), [n], [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [input, weight, bias])
              found = annotate(List[Tensor], [])
              if input:
                _0 = torch.append(found, torch.reshape(torch.permute(dx, [0, 2, 3, 1]), torch.size(x)))
              else:
                pass
              if weight:
                _1 = torch.append(found, torch.reshape(dw, [n, k]))
              else:
                pass
              if bias:
                _2 = torch.append(found, db)
              else:
                pass
              return found
            def norms(self: __torch__.M, arrays: List[Tensor]) -> Tensor:
              return torch.stack(torch._foreach_norm(arrays, 2))
            def adamw(self: __torch__.M, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], step: List[Tensor], lr: float, beta1: float, beta2: float, decay: float, eps: float, scale: Tensor) -> int:
              _0 = torch._foreach_add_(step, 1)
              dense = annotate(List[Tensor], [])
              for i in range(torch.len(g)):
                _2 = torch.append(dense, torch.contiguous(g[i]))
              _1 = torch._fused_adamw_(p, dense, m, v, annotate(List[Tensor], []), step, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=False, maximize=False, grad_scale=scale)
              return 0
            """;

    private ScriptFunctions() {}
}
