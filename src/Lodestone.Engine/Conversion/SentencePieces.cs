using System.Buffers.Binary;
using System.Text;

namespace Lodestone.Engine.Conversion;

/// <summary>Reads <c>tokenizer.model</c>, a protocol buffer of SentencePiece's (its <c>sentencepiece_model.proto</c>), as far as llama.cpp needs it.</summary>
internal static class SentencePieces
{
    private const int ByMerges = 2; // TrainerSpec.ModelType.BPE

    /// <exception cref="EngineFault">It is no such file, or of another kind than merged pieces.</exception>
    public static TokenTable Read(byte[] file, int size)
    {
        try
        {
            var fields = Fields(file).ToList();
            var trainer = fields.Where(f => f.Number == 2).SelectMany(f => Fields(f.Bytes)).ToList();
            if (trainer.Find(f => f.Number == 3).Value is not ByMerges)
            {
                throw new EngineFault("tokenizer.model is of the unigram kind, by which llama.cpp's llama models do not split texts. Merged pieces (BPE) are converted.");
            }

            var normalizer = fields.Where(f => f.Number == 3).SelectMany(f => Fields(f.Bytes)).ToList();
            var table = new TokenTable("llama", size) { Splitting = "default", AddsSpace = !normalizer.Exists(f => f is { Number: 3, Value: 0 }) };
            foreach (var (id, piece) in fields.Where(f => f.Number == 1).Index())
            {
                Set(table, id, piece.Bytes);
            }

            return table;
        }
        catch (Exception failure) when (failure is ArgumentOutOfRangeException or OverflowException or FormatException)
        {
            throw new EngineFault("tokenizer.model is no file of SentencePiece.");
        }
    }

    private static void Set(TokenTable table, int id, ReadOnlyMemory<byte> piece)
    {
        var (text, score, kind) = ("", 0f, TokenKind.Normal);
        foreach (var field in Fields(piece))
        {
            switch (field.Number)
            {
                case 1:
                    text = Encoding.UTF8.GetString(field.Bytes.Span);
                    break;
                case 2:
                    score = BinaryPrimitives.ReadSingleLittleEndian(field.Bytes.Span);
                    break;
                case 3 when Enum.IsDefined((TokenKind)field.Value):
                    kind = (TokenKind)field.Value;
                    break;
            }
        }

        table.Set(id, text, kind, score);
    }

    /// <summary>Numbers are in the value, everything else in the bytes.</summary>
    private static IEnumerable<(int Number, long Value, ReadOnlyMemory<byte> Bytes)> Fields(ReadOnlyMemory<byte> message)
    {
        for (var at = 0; at < message.Length;)
        {
            var tag = Number(message, ref at);
            var kind = (int)(tag & 7);
            var value = kind == 0 ? Number(message, ref at) : 0;
            var length = kind switch
            {
                0 => 0,
                1 => 8,
                2 => checked((int)Number(message, ref at)),
                5 => 4,
                _ => throw new FormatException("Unknown kind of field"),
            };
            var bytes = message.Slice(at, length);
            at += length;
            yield return (checked((int)(tag >> 3)), value, bytes);
        }
    }

    private static long Number(ReadOnlyMemory<byte> message, ref int at)
    {
        var number = 0L;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = message.Slice(at++, 1).Span[0];
            number |= (long)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return number;
            }
        }

        throw new FormatException("A number without an end");
    }
}
