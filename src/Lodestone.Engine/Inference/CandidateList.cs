using System.Runtime.InteropServices;
using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>Room for every token of a vocabulary with its logit, used for one choice after the other.</summary>
internal sealed unsafe class CandidateList(int count) : IDisposable
{
    private readonly Candidate* _first = (Candidate*)NativeMemory.Alloc((nuint)count, (nuint)sizeof(Candidate));

    public int Count => count;

    /// <summary>All tokens in order; valid until the next call.</summary>
    public Candidates Fill(float* logits)
    {
        for (var token = 0; token < count; token++)
        {
            _first[token] = new Candidate { Token = token, Logit = logits[token] };
        }

        return new Candidates { First = _first, Count = (nuint)count, Selected = -1 };
    }

    public void Dispose() => NativeMemory.Free(_first);
}
