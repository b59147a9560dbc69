using System.Buffers;
using System.Text;

namespace Lodestone.Engine.Inference;

/// <summary>Watches that bytes stay the beginning of UTF-8 text.</summary>
internal sealed class CharacterBytes
{
    private byte[] _begun = []; // of a character

    /// <summary>Whether the text may go on so.</summary>
    public bool Accepts(ReadOnlySpan<byte> piece) => TryRest(piece, out _);

    public void Add(ReadOnlySpan<byte> piece) => _begun = TryRest(piece, out var rest) ? rest : [];

    private bool TryRest(ReadOnlySpan<byte> piece, out byte[] rest)
    {
        ReadOnlySpan<byte> left = [.. _begun, .. piece];
        while (left.Length > 0)
        {
            var status = Rune.DecodeFromUtf8(left, out _, out var length);
            if (status is not OperationStatus.Done)
            {
                rest = left.ToArray();
                return status is OperationStatus.NeedMoreData;
            }

            left = left[length..];
        }

        rest = [];
        return true;
    }
}
