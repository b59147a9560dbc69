namespace Lodestone.Hub;

/// <summary>A file's terms, with where in the file each one ends.</summary>
internal sealed class FileTerms
{
    private readonly FileTerm[] _terms;
    private readonly long[] _ends;

    public FileTerms(FileTerm[] terms)
    {
        (_terms, _ends) = (terms, new long[terms.Length]);
        for (var i = 0; i < terms.Length; i++)
        {
            Length += terms[i].Size;
            _ends[i] = Length;
        }
    }

    public int Count => _terms.Length;

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    public FileTerm this[int number] => _terms[number];

    /// <summary>The term's first byte.</summary>
    public long Start(int number) => number == 0 ? 0 : _ends[number - 1];

    /// <summary>The byte after the term's last one.</summary>
    public long End(int number) => _ends[number];

    /// <param name="position">A byte of the file.</param>
    /// <returns>Number of the term that has it.</returns>
    public int Find(long position)
    {
        var found = Array.BinarySearch(_ends, position + 1);
        return found < 0 ? ~found : found;
    }
}
